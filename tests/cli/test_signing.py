"""`demur keygen`, `demur compile --sign` and `demur verify`."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import skip_unless_ci
from tests.service.rollout.policies import bundle, text


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "live.yaml"
    path.write_text(text("1.2.0"), encoding="utf-8")
    return path


def test_a_bundle_is_signed_and_verified(run: Run, policy: Path) -> None:
    made = run("keygen", "release")
    assert made.exit_code == 0
    key = made.stdout.split()[1]
    compiled = run("compile", policy, "-o", "live.demur", "--sign", "release.pem")
    assert compiled.exit_code == 0
    assert "signed  1 in live.demur" in compiled.stdout
    verified = run("verify", "live.demur", "--key", "release.pub.pem")
    assert verified.exit_code == 0
    assert verified.stdout.splitlines()[0] == "policy  live 1.2.0"
    assert verified.stdout.splitlines()[2] == f"signed  {key}"


def test_a_detached_signature_leaves_the_bundle_as_it_was(
    run: Run, policy: Path, tmp_path: Path
) -> None:
    run("keygen", "release")
    run("compile", policy, "-o", "plain.demur")
    run("compile", policy, "-o", "live.demur", "--sign", "release.pem", "--detached")
    assert (tmp_path / "live.demur").read_bytes() == (tmp_path / "plain.demur").read_bytes()
    assert run("verify", "live.demur", "--key", "release.pub.pem").exit_code == 0
    assert run("verify", "plain.demur", "--key", "release.pub.pem").exit_code == 1
    elsewhere = ("--signature", "live.demur.sig")
    assert run("verify", "plain.demur", "--key", "release.pub.pem", *elsewhere).exit_code == 0


def test_keys_are_rotated(run: Run, policy: Path) -> None:
    run("keygen", "old")
    run("keygen", "new")
    run("compile", policy, "-o", "live.demur", "--sign", "old.pem", "--sign", "new.pem")
    for trusted in (["old"], ["new"], ["old", "new"]):
        options = [part for name in trusted for part in ("--key", f"{name}.pub.pem")]
        result = run("verify", "live.demur", *options)
        assert result.exit_code == 0
        assert result.stdout.count("signed") == len(trusted)


def test_a_bundle_is_signed_anew_without_its_policy_file(run: Run, policy: Path) -> None:
    run("keygen", "old")
    run("keygen", "new")
    run("compile", policy, "-o", "live.demur", "--sign", "old.pem")
    run("compile", "live.demur", "-o", "live.demur", "--sign", "new.pem")
    assert run("verify", "live.demur", "--key", "new.pub.pem").exit_code == 0
    result = run("verify", "live.demur", "--key", "old.pub.pem")
    assert result.exit_code == 1
    assert "DM922" in result.stdout


def test_an_older_version_is_no_newer_one(run: Run, policy: Path, tmp_path: Path) -> None:
    run("keygen", "release")
    key = ("--key", "release.pub.pem")
    for version in ("1.2.0", "1.10.0"):
        policy.write_text(text(version), encoding="utf-8")
        run("compile", policy, "-o", f"{version}.demur", "--sign", "release.pem")
    assert run("verify", "1.10.0.demur", *key, "--newer-than", "1.2.0.demur").exit_code == 0
    for other in ("1.10.0.demur", "1.2.0.demur"):
        result = run("verify", "1.2.0.demur", *key, "--newer-than", other)
        assert (result.exit_code, "not newer than" in result.stdout) == (1, True)
    (tmp_path / "other.yaml").write_text(text("0.1.0", name="other"), encoding="utf-8")
    result = run("verify", "1.2.0.demur", *key, "--newer-than", "other.yaml")
    assert (result.exit_code, "`other`" in result.stdout) == (1, True)
    (tmp_path / "none.yaml").write_text(text(None), encoding="utf-8")
    result = run("verify", "1.2.0.demur", *key, "--newer-than", "none.yaml")
    assert (result.exit_code, "cannot be compared" in result.stdout) == (1, True)


def test_what_cannot_be_verified_says_why(run: Run, policy: Path, tmp_path: Path) -> None:
    run("keygen", "release")
    key = ("--key", "release.pub.pem")
    result = run("verify", policy, *key)
    assert (result.exit_code, "DM920" in result.stdout) == (1, True)
    (tmp_path / "cut.demur").write_bytes(bundle()[:-10])
    result = run("verify", "cut.demur", *key)
    assert (result.exit_code, "DM703" in result.stdout) == (1, True)
    result = run("verify", policy, "--key", "release.pem")
    assert (result.exit_code, "DM924" in result.stderr) == (2, True)
    assert "stays where bundles are signed" in result.stderr
    result = run("compile", policy, "-o", "x.demur", "--sign", "release.pub.pem")
    assert (result.exit_code, "DM924" in result.stderr) == (2, True)
    assert not (tmp_path / "x.demur").exists()
    assert run("compile", policy, "-o", "x.demur", "--detached").exit_code == 2


def test_keygen_replaces_nothing(run: Run, tmp_path: Path) -> None:
    run("keygen", "release")
    before = (tmp_path / "release.pem").read_bytes()
    assert run("keygen", "release").exit_code == 2
    (tmp_path / "half.pub.pem").write_text("mine")
    assert run("keygen", "half").exit_code == 2
    assert not (tmp_path / "half.pem").exists()
    assert (tmp_path / "release.pem").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_nobody_else_may_read_the_secret_key(run: Run, tmp_path: Path) -> None:
    run("keygen", "release")
    assert stat.S_IMODE((tmp_path / "release.pem").stat().st_mode) == 0o600


def test_keys_of_openssl_do_as_well(run: Run, policy: Path, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        skip_unless_ci("openssl is not installed")
    for words in ("genpkey -algorithm ed25519 -out o.pem", "pkey -in o.pem -pubout -out o.pub.pem"):
        done = subprocess.run(
            [openssl, *words.split()], cwd=tmp_path, check=False, capture_output=True
        )
        if done.returncode:
            skip_unless_ci("this openssl does not know Ed25519")
    run("compile", policy, "-o", "live.demur", "--sign", "o.pem")
    assert run("verify", "live.demur", "--key", "o.pub.pem").exit_code == 0
