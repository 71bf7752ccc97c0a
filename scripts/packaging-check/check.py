#!/usr/bin/env python3
"""Checks compose.yaml, the Dockerfile, the example for Traefik, and that every file of the Debian package exists.

YAML needs PyYAML, and TOML Python 3.11; without them these parts are skipped with a line.
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
problems = []


def check(condition, message):
    if not condition:
        problems.append(message)


def yaml(path):
    """The document, or None without PyYAML."""
    try:
        from yaml import safe_load
    except ImportError:
        print(f"SKIPPED: PyYAML is not installed; {path} was not checked")
        return None
    return safe_load((TOP / path).read_text())


def seconds(duration):
    amount, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()
    return int(amount) * {"s": 1, "m": 60}[unit]


def is_pinned(image):
    return re.fullmatch(r"[a-z0-9./-]+:[A-Za-z0-9_.-]+", image) and not image.endswith(":latest")


def check_compose(path="compose.yaml"):
    document = yaml(path)
    if document is None:
        return
    services, text = document["services"], (TOP / path).read_text()
    check(set(services) == {"postgres", "server", "worker"}, f"{path}: the services are {sorted(services)}")
    for name, service in services.items():
        # Twice the time in which a program drains, so that no other kill comes first.
        check(seconds(service.get("stop_grace_period", "10s")) >= 60, f"{path}: {name} is killed before it has stopped")
        check(service.get("restart") == "unless-stopped", f"{path}: {name} does not restart")
        check("privileged" not in service, f"{path}: {name} is privileged")
        for secret, value in service.get("environment", {}).items():
            if re.search("KEY|PASSWORD|URL", secret):
                check("${" in str(value), f"{path}: {name} has the value of {secret}")
        for port in service.get("ports", []):
            check(str(port).startswith("127.0.0.1:"), f"{path}: {name} publishes {port} on every address")
    check("ports" not in services["postgres"], f"{path}: PostgreSQL has a published port")
    check(is_pinned(services["postgres"]["image"]), f"{path}: the image of PostgreSQL has no version")
    check("healthcheck" in services["postgres"], f"{path}: PostgreSQL has no health check")
    volumes = [volume.split(":")[0] for volume in services["postgres"]["volumes"]]
    check(set(volumes) == set(document["volumes"]), f"{path}: the data of PostgreSQL is in no named volume")
    for name in ("server", "worker"):
        service = services[name]
        wait = service["depends_on"]["postgres"]["condition"]
        check(wait == "service_healthy", f"{path}: {name} does not wait for PostgreSQL")
        check((TOP / service["build"]["dockerfile"]).is_file(), f"{path}: {name} is built from no file")
    check(services["worker"]["entrypoint"] == ["worker"], f"{path}: the worker runs another program")
    check(services["worker"]["healthcheck"] == {"disable": True}, f"{path}: the worker has the health check of a server")
    for name in re.findall(r"\$\{([A-Z_]+):\?", text):
        manual = (TOP / "docs/OPERATIONS.md").read_text()
        check(f"{name}=" in manual, f"{path}: docs/OPERATIONS.md does not set {name}")
    print(f"{path} has the expected shape")


def check_dockerfile(path="config/docker/Dockerfile"):
    text = re.sub(r"\\\n", " ", (TOP / path).read_text())
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    words = {}
    for word, rest in lines:
        words.setdefault(word, []).append(rest)
    stages = re.findall(r" AS (\w+)", text)
    for source in words["FROM"]:
        image = source.split()[0]
        check(image in stages or is_pinned(image), f"{path}: {image} has no version")
    for source in words.get("COPY", []):
        for name in re.findall(r"--from=(\S+)", source):
            check(name in stages, f"{path}: there is no stage {name}")
    check("ADD" not in words, f"{path}: COPY does what ADD does, without surprises")
    check(words.get("USER", ["root"])[-1] not in ("root", "0"), f"{path}: the programs run as root")
    # The last stage: what comes after the last FROM.
    last = [word for word, _ in lines[max(i for i, (word, _) in enumerate(lines) if word == "FROM"):]]
    for word in ("USER", "HEALTHCHECK", "ENTRYPOINT"):
        check(word in last, f"{path}: the image has no {word}")
    for word in ("HEALTHCHECK", "ENTRYPOINT"):
        check("[" in words[word][-1], f"{path}: {word} needs a shell")
    check("--locked" in text, f"{path}: the build may change dependencies")
    toolchain = re.search(r'channel = "([^"]+)"', (TOP / "rust-toolchain.toml").read_text())[1]
    check(f"rust:{toolchain}-" in text, f"{path}: the compiler is not that of rust-toolchain.toml")
    ignored = (TOP / f"{path}.dockerignore").read_text().splitlines()
    for name in (".git", "target", ".env", ".burntop"):
        check(name in ignored, f"{path}.dockerignore does not list {name}")
    print(f"{path} keeps the rules")


def check_traefik(path="config/traefik/burntop.yml"):
    document = yaml(path)
    if document is None:
        return
    http = document["http"]
    router, service = http["routers"]["burntop"], http["services"]["burntop"]["loadBalancer"]
    check(router["service"] in http["services"], f"{path}: the router names no service")
    check(service["serversTransport"] in http["serversTransports"], f"{path}: the service names no transport")
    check("tls" in router, f"{path}: the router has no TLS")
    check("middlewares" not in router, f"{path}: a middleware may buffer or compress twice")
    print(f"{path} has the expected shape; Traefik itself did not check it")


def check_package(path="crates/api-server/Cargo.toml"):
    try:
        import tomllib
    except ImportError:
        print("SKIPPED: Python is older than 3.11; the files of the Debian package were not checked")
        return
    package = tomllib.loads((TOP / path).read_text())["package"]["metadata"]["deb"]
    directory, destinations = (TOP / path).parent, {}
    for source, destination, mode in package["assets"]:
        destinations[destination] = mode
        if source.startswith("target/release/"):
            program = source.removeprefix("target/release/")
            check((TOP / "crates" / program / "src/main.rs").is_file(), f"{path}: there is no program {program}")
        elif source.startswith("../../target/package/"):
            made = source.removeprefix("../../target/package/").split("/")[0]
            script = (TOP / "scripts/package.sh").read_text()
            check(f"target/package/{made}" in script or made in script, f"{path}: scripts/package.sh makes no {made}")
        else:
            check(list(directory.glob(source)), f"{path}: {source} does not exist")
            executable = all(file.stat().st_mode & 0o111 for file in directory.glob(source))
            check(executable == (mode == "755"), f"{path}: {source} is installed with mode {mode}")
    scripts = directory / package["maintainer-scripts"]
    for script in ("postinst", "prerm", "postrm"):
        check((scripts / script).is_file(), f"{path}: there is no {script}")
    check((directory / package["license-file"][0]).is_file(), f"{path}: there is no licence")
    # The units start what the package installs, with the settings that it installs.
    units = "".join(unit.read_text() for unit in (TOP / "config/systemd").glob("*.service"))
    for program in set(re.findall(r"^ExecStart=(\S+)", units, re.M)):
        check(any(f"/{destination}" + Path(program).name == program for destination in destinations),
              f"{path}: {program} of a unit is not in the package")
    for name in set(re.findall(r"/etc/burntop/\S+\.toml", units)):
        check(name.lstrip("/") in destinations, f"{path}: {name} of a unit is not in the package")
    print("every file of the Debian package exists")


for part in (check_compose, check_dockerfile, check_traefik, check_package):
    part()
for problem in problems:
    print(f"error: {problem}", file=sys.stderr)
sys.exit(bool(problems))
