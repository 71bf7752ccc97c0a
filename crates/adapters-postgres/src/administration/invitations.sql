-- A page of invitations, newest first. $1: the size, $2: the offset.
SELECT
    invitations.id,
    invitations.email,
    invitations.is_for_administrator,
    creator.username AS created_by_name,
    invitations.created_at,
    invitations.expires_at,
    invitations.used_at,
    account.username AS used_by_name
FROM invitations
LEFT JOIN users AS creator ON creator.id = invitations.created_by
LEFT JOIN users AS account ON account.id = invitations.used_by
ORDER BY invitations.created_at DESC, invitations.id DESC
LIMIT $1 OFFSET $2
