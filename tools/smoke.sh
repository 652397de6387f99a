#!/bin/sh
# Try a wheel as somebody who has nothing: an empty environment, libraries by the lock, the demo, a server, an upgrade of a home of
# version 0.1. Called by `make smoke`; PYTHON says with which Python.
set -eu
wheel=$(ls dist/moviec-*.whl)
desk=$(mktemp -d)
trap 'test -z "${server:-}" || kill "$server"; rm -rf "$desk"' EXIT
"${PYTHON:-python3}" -m venv "$desk/venv"
pip="$desk/venv/bin/pip install --quiet --disable-pip-version-check"
$pip --require-hashes -r requirements.lock
$pip --no-deps "$wheel"
moviec="$desk/venv/bin/moviec"
fixture=$PWD/tests/fixtures/home-0.1.tar.xz
cd "$desk"
"$moviec" doctor --install --json > install.json
"$moviec" demo --no-serve --home "$desk/demo" > demo.txt
"$moviec" search terminator 1984 --home "$desk/demo" | grep "The Terminator"
"$moviec" doctor --home "$desk/demo" | grep "all is well"
grep -v '^anonymous' "$desk/demo/moviec.toml" > "$desk/rest.toml"; { echo 'anonymous = true'; cat "$desk/rest.toml"; } > "$desk/demo/moviec.toml"
"$moviec" serve --home "$desk/demo" --port "${PORT:-8765}" 2> server.txt & server=$!
"$desk/venv/bin/python" - "${PORT:-8765}" <<'PYTHON'
import sys, time, httpx
url = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(300):
    try:
        if httpx.get(f"{url}/readyz").status_code == 200:
            break
    except httpx.TransportError:
        pass
    time.sleep(0.1)
films = httpx.get(f"{url}/v1/movies/search", params={"query": "matirx"}).raise_for_status().json()
assert any(film["title"] == "The Matrix" for film in films["items"]), films
assert "MovieC" in httpx.get(url, headers={"Accept": "text/html"}).text
print("served: a mistyped title is found")
PYTHON
mkdir old && tar xf "$fixture" -C old
"$moviec" migrate --dry-run --home old/home | tail -1
"$moviec" export out --format jsonl --own-use --home old/home > /dev/null
cmp out/movies.jsonl old/movies.jsonl && echo "a home of version 0.1 gives what it gave"
"$moviec" rebuild --home old/home > /dev/null && "$moviec" doctor --home old/home | grep "all is well"
echo "$("$moviec" --version) on $("$desk/venv/bin/python" -V): all well"
