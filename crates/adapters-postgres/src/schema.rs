//! The tables, as diesel knows them. Generated from the database by `just schema`; a test compares the two.

diesel::table! {
    account_counter (is_only) {
        is_only -> Bool,
        made -> Int4,
        first_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    account_flags (id) {
        id -> Uuid,
        user_id -> Uuid,
        reason -> Text,
        flagged_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        lifted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    account_names (user_key, kind, name_key) {
        user_key -> Int4,
        kind -> Int2,
        name_key -> Int4,
    }
}

diesel::table! {
    activities (id) {
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        data -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Uuid,
        user_id -> Uuid,
        token_hash -> Bytea,
        name -> Text,
        may_sync -> Bool,
        may_read -> Bool,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Uuid,
        at -> Timestamptz,
        by_operator -> Bool,
        actor -> Nullable<Uuid>,
        action -> Text,
        subject_kind -> Text,
        subject -> Text,
        details -> Jsonb,
        ip -> Nullable<Text>,
    }
}

diesel::table! {
    benchmark_measures (period, measure) {
        period -> Int2,
        measure -> Int2,
        people -> Int4,
        total -> Numeric,
        doubled_median -> Numeric,
        cuts -> Array<Numeric>,
        below -> Array<Int4>,
        upto -> Array<Int4>,
    }
}

diesel::table! {
    benchmarks (period) {
        period -> Int2,
        people -> Int4,
        created_at -> Timestamptz,
        computed_at -> Timestamptz,
    }
}

diesel::table! {
    best_ranks (user_id) {
        user_id -> Uuid,
        rank -> Int4,
        settled -> Nullable<Int4>,
    }
}

diesel::table! {
    board_changes (id) {
        id -> Int8,
    }
}

diesel::table! {
    board_entries (board, position) {
        board -> Int4,
        position -> Int4,
        user_key -> Int4,
        rank -> Int4,
        before -> Nullable<Int4>,
        streak -> Int4,
        preferred_tool -> Int4,
        followers -> Int4,
        tokens -> Int8,
        lifetime_tokens -> Int8,
        active_days -> Int4,
        event_xp -> Int8,
        score -> Numeric,
        cost -> Numeric,
    }
}

diesel::table! {
    board_pages (board, page) {
        board -> Int4,
        page -> Int4,
        user_keys -> Array<Int4>,
    }
}

diesel::table! {
    board_places (snapshot, measure, period, position) {
        snapshot -> Int4,
        measure -> Int2,
        period -> Int2,
        position -> Int4,
        user_key -> Int4,
    }
}

diesel::table! {
    board_scores (snapshot, tool, model, period, user_key) {
        snapshot -> Int4,
        tool -> Int4,
        model -> Int4,
        period -> Int2,
        user_key -> Int4,
        streak -> Int4,
        models -> Int4,
        preferred_tool -> Int4,
        reached -> Date,
        tokens -> Int8,
        reasoning -> Int8,
        efficiency -> Nullable<Numeric>,
        growth -> Nullable<Numeric>,
        cost -> Numeric,
        ranks -> Nullable<Array<Int4>>,
        positions -> Nullable<Array<Int4>>,
    }
}

diesel::table! {
    board_snapshots (id) {
        id -> Int4,
        computed_at -> Timestamptz,
        job -> Nullable<Uuid>,
        took_ms -> Nullable<Int8>,
    }
}

diesel::table! {
    boards (id) {
        id -> Int4,
        snapshot -> Int4,
        tool -> Int4,
        model -> Int4,
        measure -> Int2,
        period -> Int2,
        total -> Int4,
    }
}

diesel::table! {
    device_logins (device_code_hash) {
        device_code_hash -> Bytea,
        user_code -> Text,
        client_name -> Text,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        last_polled_at -> Nullable<Timestamptz>,
        approved_by -> Nullable<Uuid>,
        denied -> Bool,
    }
}

diesel::table! {
    external_accounts (provider, subject) {
        provider -> Text,
        subject -> Text,
        user_id -> Uuid,
        login -> Text,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
    }
}

diesel::table! {
    follow_requests (follower_id, following_id) {
        follower_id -> Uuid,
        following_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    follows (follower_id, following_id) {
        follower_id -> Uuid,
        following_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    handovers (machine_key, source_key) {
        since -> Timestamptz,
        machine_key -> Int4,
        source_key -> Int4,
    }
}

diesel::table! {
    invitations (id) {
        id -> Uuid,
        token_hash -> Bytea,
        email -> Nullable<Text>,
        is_for_administrator -> Bool,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        used_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        queue -> Text,
        idempotency_key -> Text,
        payload -> Jsonb,
        status -> Text,
        priority -> Int2,
        attempts -> Int4,
        max_attempts -> Int4,
        created_at -> Timestamptz,
        run_at -> Timestamptz,
        locked_by -> Nullable<Text>,
        locked_until -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    login_attempts (name_hash) {
        name_hash -> Bytea,
        tries -> Array<Timestamptz>,
        let_through -> Bool,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    machines (key) {
        key -> Int4,
        user_key -> Int4,
        name -> Text,
        last_synced_at -> Timestamptz,
        has_usage -> Bool,
    }
}

diesel::table! {
    models (key) {
        key -> Int4,
        name -> Text,
        provider -> Text,
        canonical -> Nullable<Text>,
    }
}

diesel::table! {
    notification_preferences (user_id, kind) {
        user_id -> Uuid,
        kind -> Text,
        in_app -> Bool,
        email -> Bool,
    }
}

diesel::table! {
    notifications (id) {
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        title -> Text,
        message -> Text,
        data -> Jsonb,
        dedup_key -> Text,
        created_at -> Timestamptz,
        read_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    platform_totals (is_only) {
        is_only -> Bool,
        tokens -> Numeric,
        users -> Int8,
        tools -> Int8,
        computed_at -> Timestamptz,
    }
}

diesel::table! {
    plausibility_reasons (user_id, kind) {
        user_id -> Uuid,
        kind -> Text,
        score -> Int2,
        message -> Text,
        other_id -> Nullable<Uuid>,
        first_seen -> Timestamptz,
        last_seen -> Timestamptz,
    }
}

diesel::table! {
    price_book (is_only) {
        is_only -> Bool,
        edition -> Int8,
        source -> Nullable<Text>,
        etag -> Nullable<Text>,
        listed -> Nullable<Int8>,
    }
}

diesel::table! {
    price_rows (id) {
        id -> Int8,
        origin -> Text,
        model -> Text,
        provider -> Text,
        valid_from -> Timestamptz,
        prices -> Nullable<Text>,
        created_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    price_updates (id) {
        id -> Uuid,
        at -> Timestamptz,
        source -> Text,
        etag -> Nullable<Text>,
        outcome -> Text,
        reason -> Nullable<Text>,
        listed -> Int8,
        added -> Int8,
        changed -> Int8,
        refused -> Int8,
        refusals -> Array<Text>,
    }
}

diesel::table! {
    profile_projects (id) {
        id -> Uuid,
        user_id -> Uuid,
        title -> Nullable<Text>,
        description -> Nullable<Text>,
        url -> Text,
        is_featured -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    progress_events (user_id, reason) {
        user_id -> Uuid,
        reason -> Text,
        xp -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    rank_history (user_key, day) {
        user_key -> Int4,
        day -> Date,
        ranks -> Array<Int4>,
    }
}

diesel::table! {
    referral_clicks (id) {
        id -> Int8,
        user_id -> Uuid,
        visitor -> Bytea,
        day -> Date,
        clicked_at -> Timestamptz,
        converted_at -> Nullable<Timestamptz>,
        network -> Nullable<Bytea>,
    }
}

diesel::table! {
    referral_codes (user_id) {
        user_id -> Uuid,
        code -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    referrals (referred_id) {
        referred_id -> Uuid,
        referrer_id -> Uuid,
        created_at -> Timestamptz,
        paid_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    repricings (user_id, edition) {
        user_id -> Uuid,
        edition -> Int8,
        at -> Timestamptz,
        messages -> Int8,
        cost -> Numeric,
    }
}

diesel::table! {
    season_entries (month, position) {
        month -> Date,
        position -> Int4,
        rank -> Int4,
        user_key -> Int4,
        tokens -> Int8,
        cost -> Numeric,
    }
}

diesel::table! {
    seasons (month) {
        month -> Date,
        frozen_at -> Timestamptz,
        people -> Int4,
    }
}

diesel::table! {
    secret_key_fingerprint (is_only) {
        is_only -> Bool,
        fingerprint -> Bytea,
        noted_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        last_used_at -> Timestamptz,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    social_counts (user_id) {
        user_id -> Uuid,
        followers -> Int4,
        following -> Int4,
        activities -> Int4,
        last_activity_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sources (key) {
        key -> Int4,
        name -> Text,
    }
}

diesel::table! {
    unlocked_achievements (user_id, achievement_id) {
        user_id -> Uuid,
        achievement_id -> Uuid,
        tier -> Nullable<Int2>,
        unlocked_at -> Timestamptz,
        pinned_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    usage_calendars (user_key) {
        user_key -> Int4,
        active -> Datemultirange,
        early -> Datemultirange,
        night -> Datemultirange,
        hours -> Int4,
        busiest_day -> Int8,
        tools_in_a_day -> Int4,
        models_in_a_day -> Int4,
    }
}

diesel::table! {
    usage_days (user_key, day) {
        user_key -> Int4,
        day -> Date,
        messages -> Int8,
        tokens -> Int8,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        reasoning -> Int8,
        unpriced_tokens -> Int8,
        unpriced_messages -> Int8,
        estimated_messages -> Int8,
        cost -> Numeric,
    }
}

diesel::table! {
    usage_hours (user_key, day, hour) {
        user_key -> Int4,
        day -> Date,
        hour -> Int2,
        messages -> Int8,
        tokens -> Int8,
    }
}

diesel::table! {
    usage_messages (user_key, source_key, message_key) {
        message_key -> Uuid,
        at -> Timestamptz,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        cache_write_1h -> Int8,
        reasoning -> Int8,
        user_key -> Int4,
        source_key -> Int4,
        model_key -> Int4,
        machine_key -> Int4,
        flags -> Int2,
        cost -> Nullable<Numeric>,
        parser_version -> Int2,
        project_key -> Int2,
    }
}

diesel::table! {
    usage_models (user_key, model_key) {
        user_key -> Int4,
        model_key -> Int4,
        messages -> Int8,
        tokens -> Int8,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        reasoning -> Int8,
        unpriced_tokens -> Int8,
        unpriced_messages -> Int8,
        estimated_messages -> Int8,
        cost -> Numeric,
        days -> Datemultirange,
    }
}

diesel::table! {
    usage_project_days (user_key, day, project_key) {
        user_key -> Int4,
        day -> Date,
        project_key -> Int2,
        messages -> Int8,
        tokens -> Int8,
        cost -> Numeric,
    }
}

diesel::table! {
    usage_projects (user_key, key) {
        user_key -> Int4,
        key -> Int2,
        name -> Text,
    }
}

diesel::table! {
    usage_rollups (user_key, day, source_key, model_key, machine_key) {
        user_key -> Int4,
        day -> Date,
        source_key -> Int4,
        model_key -> Int4,
        machine_key -> Int4,
        messages -> Int8,
        tokens -> Int8,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        reasoning -> Int8,
        unpriced_tokens -> Int8,
        unpriced_messages -> Int8,
        estimated_messages -> Int8,
        cost -> Numeric,
    }
}

diesel::table! {
    usage_sources (user_key, source_key) {
        user_key -> Int4,
        source_key -> Int4,
        messages -> Int8,
        tokens -> Int8,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        reasoning -> Int8,
        unpriced_tokens -> Int8,
        unpriced_messages -> Int8,
        estimated_messages -> Int8,
        cost -> Numeric,
        days -> Datemultirange,
    }
}

diesel::table! {
    usage_totals (user_key) {
        user_key -> Int4,
        active_days -> Int4,
        longest_streak -> Int4,
        achievements -> Int4,
        event_xp -> Int8,
        messages -> Int8,
        tokens -> Int8,
        input -> Int8,
        output -> Int8,
        cache_read -> Int8,
        cache_write -> Int8,
        reasoning -> Int8,
        unpriced_tokens -> Int8,
        unpriced_messages -> Int8,
        estimated_messages -> Int8,
        cost -> Numeric,
        rebuild_due -> Bool,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        key -> Int4,
        username -> Text,
        email -> Nullable<Text>,
        email_verified -> Bool,
        password_hash -> Nullable<Text>,
        name -> Nullable<Text>,
        bio -> Nullable<Text>,
        location -> Nullable<Text>,
        region -> Nullable<Text>,
        website_url -> Nullable<Text>,
        image -> Nullable<Text>,
        is_public -> Bool,
        is_admin -> Bool,
        timezone -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        number -> Int4,
        suspension -> Nullable<Text>,
        password_links_ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    weekly_summaries (user_id, week) {
        user_id -> Uuid,
        week -> Date,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    worker_heartbeats (worker) {
        worker -> Text,
        seen_at -> Timestamptz,
        alive_until -> Timestamptz,
    }
}

diesel::joinable!(api_tokens -> users (user_id));
diesel::joinable!(sessions -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_counter,
    account_flags,
    account_names,
    activities,
    api_tokens,
    audit_log,
    benchmark_measures,
    benchmarks,
    best_ranks,
    board_changes,
    board_entries,
    board_pages,
    board_places,
    board_scores,
    board_snapshots,
    boards,
    device_logins,
    external_accounts,
    follow_requests,
    follows,
    handovers,
    invitations,
    jobs,
    login_attempts,
    machines,
    models,
    notification_preferences,
    notifications,
    platform_totals,
    plausibility_reasons,
    price_book,
    price_rows,
    price_updates,
    profile_projects,
    progress_events,
    rank_history,
    referral_clicks,
    referral_codes,
    referrals,
    repricings,
    season_entries,
    seasons,
    secret_key_fingerprint,
    sessions,
    social_counts,
    sources,
    unlocked_achievements,
    usage_calendars,
    usage_days,
    usage_hours,
    usage_messages,
    usage_models,
    usage_project_days,
    usage_projects,
    usage_rollups,
    usage_sources,
    usage_totals,
    users,
    weekly_summaries,
    worker_heartbeats,
);
