"""What is in deploy/: each file read by its own tool where that is here, and held to what must be so in any case."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from cronsim import CronSim
from typer.main import get_command

from moviec import __version__
from moviec.cli import build
from moviec.config import Settings, open_home
from moviec.jobs.health import Check, metrics_text
from moviec.web.telemetry import Metrics
from tests.commands import moviec
from tests.pipeline.test_due import FACTS
from tests.servers import s3

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMMANDS: dict[str, Any] = get_command(build(())).commands  # type: ignore[attr-defined]


def documents(name: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all((DEPLOY / name).read_text("utf-8")) if each]


def run(*words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)


def tool(name: str, package: str = "") -> str:
    found = shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not here: install {package or name}")
    return found


def called(words: list[str]) -> None:
    """Hold the words of a command against the command line itself."""
    command = COMMANDS[words[0]]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word for word in words[1:] if word.startswith("--")} <= known, words


def test_every_variable_is_a_setting_and_every_command_of_the_page_is_one() -> None:
    fields = {f"MOVIEC_{name.upper()}" for name in Settings.__struct_fields__}
    known = fields | {"MOVIEC_HOME", "MOVIEC_SMTP", "MOVIEC_BACKUP"}  # the last is the backup job's own
    texts = [path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    page = (DEPLOY.parent / "docs/deployment.md").read_text("utf-8")
    for name in {found for text in (*texts, page) for found in re.findall(r"\bMOVIEC_[A-Z_]*[A-Z]\b", text)}:
        assert name in known or name.endswith("_KEY"), name
    given = re.findall(
        r"^(?:as_moviec|docker compose .* worker moviec|kubectl exec .* -- moviec) (\w.*?)(?: +#.*)?$",
        page,
        re.MULTILINE,
    )
    assert len(given) >= 5
    for line in given:
        words = shlex.split(line)
        called(words if words[0] not in ("keys",) else words[:1])


def test_the_image_is_small_in_parts_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in last
    assert "--require-hashes -r requirements.lock" in text
    assert "HEALTHCHECK" in last
    assert "apt-get" not in text, "wheels bring all there is to"
    (words,) = re.findall(r"^CMD (\[.*\])$", last, re.MULTILINE)
    called(json.loads(words))
    assert set((DEPLOY / "Dockerfile.dockerignore").read_text().split()) == {
        "*",
        "!deploy/requirements.lock",
        "!dist/moviec-*.whl",
    }


def test_compose_has_what_it_needs_and_no_password() -> None:
    (compose,) = documents("compose.yaml")
    services = compose["services"]
    assert set(services) == {"serve", "worker", "postgres", "redis", "minio", "buckets"}
    for name in ("serve", "worker"):
        service = services[name]
        called(service["command"])
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["image"] == f"moviec:{__version__}"
        assert set(service["depends_on"]) <= set(services)
        own = {key for key in service["environment"] if key.startswith("MOVIEC_")}
        fields = {f"MOVIEC_{field.upper()}" for field in Settings.__struct_fields__}
        assert own <= fields
    assert all(
        port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", [])
    )
    for service in services.values():
        for key, value in (service.get("environment") or {}).items():
            assert "PASSWORD" not in key or str(value).startswith("${"), key
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]


def test_systemd_takes_the_units_and_finds_them_closed(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    program = tmp_path / "moviec"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text("utf-8")
        for words in re.findall(r"ExecStart=\S+/moviec (.*)", text):
            called(shlex.split(words))
        (tmp_path / unit.name).write_text(text.replace("/opt/moviec/.venv/bin/moviec", str(program)))
    units = sorted(path for path in tmp_path.iterdir() if path.suffix in (".service", ".timer"))
    verified = run(analyze, "verify", "--man=no", *units)
    assert [line for line in verified.stderr.splitlines() if "moviec-" in line] == []
    for unit in units:
        if unit.suffix == ".timer":
            times = re.search(r"OnCalendar=(.*)", unit.read_text())
            assert times and run(analyze, "calendar", times[1]).returncode == 0
        else:
            found = run(analyze, "security", "--offline=true", "--threshold=30", "--no-pager", unit)
            assert found.returncode == 0, found.stdout[-300:]


def manifests() -> list[dict[str, Any]]:
    return [
        each
        for path in sorted((DEPLOY / "kubernetes").iterdir())
        for each in documents(f"kubernetes/{path.name}")
    ]


def pods() -> dict[str, dict[str, Any]]:
    found = {}
    for each in manifests():
        spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each.get("spec", {})
        if "template" in spec:
            found[each["metadata"]["name"]] = spec["template"]["spec"]
    return found


def test_settings_in_the_manifest_can_be_read(tmp_path: Path) -> None:
    (settings,) = [each["data"]["moviec.toml"] for each in manifests() if each["kind"] == "ConfigMap"]
    for text in (settings, settings.replace("# proxies", "proxies")):
        (tmp_path / "moviec.toml").write_text(text)
        open_home(tmp_path, {})


def test_no_file_that_the_page_shows_is_missing_and_the_cluster_gets_one_clock() -> None:
    page = (DEPLOY.parent / "docs/deployment.md").read_text("utf-8")
    for name in set(re.findall(r"\bdeploy/[\w*-]+[\w./*-]*", re.sub("kubectl exec.*", "", page))):
        assert list(DEPLOY.parent.glob(name.rstrip("."))), name
    (applied,) = [line for line in page.splitlines() if line.startswith("kubectl apply")]
    names = {word.rpartition("/")[2] for word in applied.split() if word.startswith("deploy/")}
    assert names == {"moviec.yaml", "backup.yaml"}, (
        "a worker and `moviec run` would take deliveries in side by side"
    )
    copied = re.search(r"^cp (.*) /etc/systemd/system/$", page, re.MULTILINE)
    assert copied
    units = {path.name for word in copied[1].split() for path in DEPLOY.parent.glob(word)}
    assert units == {path.name for path in (DEPLOY / "systemd").iterdir()}


def test_kubernetes_takes_the_manifests() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for each in manifests():
        validate.validate(each, "1.37", strict=True)


def test_pods_are_closed_and_servers_are_kept_up() -> None:
    assert set(pods()) == {"moviec-serve", "moviec-worker", "moviec-run", "moviec-backup"}
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"], name
        (container,) = pod["containers"]
        assert container["image"] == f"moviec:{__version__}"
        assert "memory" in container["resources"]["limits"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {
            volume["name"] for volume in pod["volumes"]
        }
        if "args" in container:
            called(container["args"])
    serve = pods()["moviec-serve"]["containers"][0]
    assert serve["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert serve["livenessProbe"]["httpGet"]["path"] == "/healthz"
    there = {(each["kind"], each["metadata"]["name"]) for each in manifests()}
    for pod in pods().values():
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert not volume["configMap"].get("optional"), (
                    "a subPath of a map that is not there is an empty folder"
                )
                assert ("ConfigMap", volume["configMap"]["name"]) in there
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there
        assert {each["secretRef"]["name"] for each in pod["containers"][0]["envFrom"]} == {"moviec"}
        assert "settings" in {volume["name"] for volume in pod["volumes"]}, "all pods have the same settings"
    kinds = {each["kind"]: each for each in manifests()}
    labels = kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    (deployment,) = [
        each
        for each in manifests()
        if each["metadata"]["name"] == "moviec-serve" and each["kind"] == "Deployment"
    ]
    assert labels.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert deployment["spec"]["replicas"] > kinds["PodDisruptionBudget"]["spec"]["minAvailable"]
    for each in manifests():
        if each["kind"] == "CronJob":
            CronSim(each["spec"]["schedule"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
            assert each["spec"]["concurrencyPolicy"] == "Forbid"


def test_what_calls_run_takes_a_look_for_done() -> None:
    for name in ("systemd/moviec-run.service", "kubernetes/moviec-run.yaml", "airflow/moviec_run.py"):
        text = (DEPLOY / name).read_text("utf-8")
        assert "moviec run" in text
        assert "test $? -eq 3" in text or "SuccessExitStatus=3" in text


def test_airflow_takes_the_dag(tmp_path: Path) -> None:
    """By Airflow's own parser, in an environment that has it: MOVIEC_AIRFLOW names its Python."""
    source = (DEPLOY / "airflow/moviec_run.py").read_text("utf-8")
    compile(source, "moviec_run.py", "exec")
    python = os.environ.get("MOVIEC_AIRFLOW", "")
    if not python:
        pytest.skip("Airflow is not here: MOVIEC_AIRFLOW names the Python of an environment that has it")
    code = (
        "import sys\n"
        "try:\n from airflow.dag_processing.dagbag import DagBag\n"
        "except ImportError:\n from airflow.models.dagbag import DagBag\n"
        "bag = DagBag(sys.argv[1])\n"
        "assert not bag.import_errors, bag.import_errors\n"
        "print([task.task_id for task in bag.dags['moviec_run'].tasks])"
    )
    where = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = run(python, "-c", code, DEPLOY / "airflow", env=where)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("['run']")


def test_nginx_takes_its_part(tmp_path: Path) -> None:
    nginx, openssl = tool("nginx"), tool("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=films.example", "-days", "1"]
    run(openssl, *words, "-keyout", key, "-out", certificate)
    text = (DEPLOY / "proxy/nginx.conf").read_text("utf-8")
    text = text.replace("/etc/ssl/films.example.pem", str(certificate)).replace(
        "/etc/ssl/films.example.key", str(key)
    )
    (tmp_path / "moviec.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/moviec.conf; }}"
    )
    done = run(nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_file() -> None:
    done = run(tool("caddy"), "validate", "--adapter", "caddyfile", "--config", DEPLOY / "proxy/Caddyfile")
    assert done.returncode == 0, done.stderr


def test_rules_ask_for_figures_that_there_are() -> None:
    (rules,) = documents("prometheus/rules.yml")
    text = metrics_text([Check("queue_seconds", "catalogue", 1.0)])
    served = {family.name for family in Metrics().registry.collect()}
    there = served | set(re.findall(r"^(moviec_\w+)\{", text, re.MULTILINE))
    for rule in rules["groups"][0]["rules"]:
        for name in re.findall(r"\bmoviec_[a-z_]+[a-z]\b", rule["expr"].replace('file=~".*moviec.*"', "")):
            assert re.sub("_(total|bucket)$", "", name) in there, name
        assert rule["annotations"]["summary"] and rule["annotations"]["todo"]


class Template(yaml.SafeLoader):  # type: ignore[misc]
    """Reads CloudFormation's short forms as what they stand for."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        return {f"!{tag}": loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {f"!{tag}": loader.construct_mapping(node, deep=True)}
    return {f"!{tag}": node.value}


Template.add_multi_constructor("!", _short_form)


@pytest.mark.parametrize("name", ["moviec.yaml", "spark.yaml"])
def test_amazon_takes_the_template(name: str) -> None:
    lint = pytest.importorskip("cfnlint.api", reason="pip install cfn-lint")
    found = lint.lint_file(DEPLOY / "aws" / name)
    assert [str(each) for each in found] == []


def test_the_cluster_takes_what_the_stack_gives_and_runs_what_there_is() -> None:
    text = (DEPLOY / "aws/spark.yaml").read_text("utf-8")
    stack = (DEPLOY / "aws/moviec.yaml").read_text("utf-8")
    taken = set(re.findall(r"\$\{Stack\}-(\w+)", text))
    assert taken == set(re.findall(r"\$\{AWS::StackName\}-(\w+)", stack))
    (words,) = re.findall(r"Args: \[/opt/moviec/bin/moviec-here, (.*)\]", text)
    called(words.split(", "))
    assert "0.0.0.0/0" not in text
    resources = yaml.load(text, Template)["Resources"]  # noqa: S506 - a safe loader that knows Amazon's tags
    cluster = resources["Cluster"]["Properties"]
    assert cluster["Instances"]["KeepJobFlowAliveWhenNoSteps"] is False, "it ends itself"
    script = DEPLOY / "aws/spark-bootstrap.sh"
    assert cluster["BootstrapActions"][0]["ScriptBootstrapAction"]["Path"]["!Sub"].endswith(script.name)
    assert run("sh", "-n", script).returncode == 0
    arguments = re.findall(r"^(\w+)=\$(\d)$", script.read_text("utf-8"), re.MULTILINE)
    assert len(arguments) == len(cluster["BootstrapActions"][0]["ScriptBootstrapAction"]["Args"])


def test_what_the_cluster_runs_has_its_settings(tmp_path: Path) -> None:
    """The part of the script that writes the driver's command, done here with stand-ins for what is Amazon's."""
    text = (DEPLOY / "aws/spark-bootstrap.sh").read_text("utf-8")
    part = text[text.index("sudo tee") :].replace("/opt/moviec/bin", str(tmp_path))
    for name, does in {
        "sudo": 'exec "$@"',
        "aws": "echo postgresql://films",
        "moviec": 'echo "$MOVIEC_CATALOGUE $MOVIEC_LAKE $MOVIEC_HOME $*"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    where = {"PATH": f"{tmp_path}:/usr/bin:/bin", "lake": "s3://lake", "catalogue": "arn:secret"}
    assert run("sh", "-eu", "-c", part, env=where).returncode == 0
    done = run(tmp_path / "moviec-here", "rebuild", "--engine", "spark", env=where)
    assert done.stdout == "postgresql://films s3://lake /srv/moviec rebuild --engine spark\n"
    assert "postgresql" not in (tmp_path / "moviec-here").read_text()


def test_the_template_keeps_data_and_opens_nothing() -> None:
    text = (DEPLOY / "aws/moviec.yaml").read_text("utf-8")
    resources = yaml.load(text, Template)["Resources"]  # noqa: S506 - a safe loader that knows Amazon's tags
    kinds = {name: each["Type"] for name, each in resources.items()}
    for name, kind in kinds.items():
        if kind in ("AWS::S3::Bucket", "AWS::RDS::DBInstance"):
            assert resources[name]["DeletionPolicy"] in ("Retain", "Snapshot")
    assert resources["Database"]["Properties"]["PubliclyAccessible"] is False
    assert {
        "AWS::Transfer::Server",
        "AWS::Events::Rule",
        "AWS::Lambda::Function",
        "AWS::ApiGatewayV2::Api",
    } <= set(kinds.values())
    for name in ("Serve", "Worker"):
        called(resources[name]["Properties"]["ContainerDefinitions"][0]["Command"])
    assert "0.0.0.0/0" not in text


def load_handler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("handler", DEPLOY / "aws/handler.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bridged(key: str) -> dict[str, Any]:
    return {
        "version": "0", "detail-type": "Object Created", "source": "aws.s3", "time": "2026-11-08T12:00:00Z",
        "detail": {"bucket": {"name": "drops"}, "object": {"key": key}},
    }  # fmt: skip


def test_an_object_that_lands_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "sources/club").mkdir(parents=True)
    (home / "sources/club/source.toml").write_text(FACTS.format(name="club"))
    monkeypatch.setenv("MOVIEC_HOME", str(home))
    with s3() as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.options["endpoint_url"])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "key")
        bucket.put("club/2026-11-08/films.csv", b"no,title\n1,Alien\n2,Heat\n")
        handler = load_handler().handler
        assert handler(bridged("club/2026-11-08/films.csv")) == {"done": {"club": 0}, "look": []}
        assert handler(bridged("club/")) == {"done": {}, "look": []}
        with pytest.raises(RuntimeError, match="not taken in: nobody"):
            handler(bridged("nobody/films.csv"))
    assert "Alien" in moviec("show", "club:1", "--home", home).stdout
    assert open_home(home, {}).folder == home.resolve()


def test_an_event_of_several_sources_is_one_for_each() -> None:
    split = load_handler().split
    records = [
        {"s3": {"object": {"key": key}}}
        for key in ("imdb/a.tsv", "club/b.csv", "imdb/c.tsv", "processed/x", "lone.csv")
    ]
    parts = split({"Records": records})
    assert {name: len(part["Records"]) for name, part in parts.items()} == {"imdb": 2, "club": 1}
    queued = {"Records": [{"eventSource": "aws:sqs", "body": json.dumps({"Records": records[:2]})}]}
    assert set(split(queued)) == {"imdb", "club"}
