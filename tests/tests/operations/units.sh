# What the replacements of systemd's programs share. They take the units from OPS_ROOT and start the programs with their settings.

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 1
}

# The file of the unit $1; a name without a suffix is that of a service.
unit() {
    local file=$OPS_ROOT/etc/systemd/system/$1
    case $file in *.service | *.timer) ;; *) file=$file.service ;; esac
    [ -f "$file" ] || fail "$1 is not installed"
    echo "$file"
}

# The value of the setting $1 in the file $2.
value() {
    sed -n "s/^$1=//p" "$2"
}

# The environment that the units name, and the settings of the test.
service_environment=("PATH=$PATH")
if file=$(unit burntop-api 2>/dev/null) && environment=$(value EnvironmentFile "$file") && [ -f "$environment" ]; then
    mapfile -t -O 1 service_environment < <(value Environment "$file"; cat "$environment" "$OPS_ROOT/test.env")
fi
