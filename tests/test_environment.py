import hashlib
import subprocess

from topicdesk._environment import observe_environment, pinned_versions
from topicdesk.project import find_project


def git(folder, *arguments):
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_observe_environment_records_the_commit_and_changes(project):
    (project.root / "requirements.lock").write_text("numpy==1\n")
    git(project.root, "init", "--quiet")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "all")
    clean = observe_environment(project)
    assert clean.commit == git(project.root, "rev-parse", "HEAD")
    assert not clean.dirty
    assert clean.requirements == hashlib.sha256(b"numpy==1\n").hexdigest()
    (project.root / "experiments" / "small.lock.json").write_text("{}")
    git(project.root, "add", "--all")
    assert not observe_environment(project).dirty, "a results lock is an output, not a change"
    (project.root / "data" / "topics.toml").write_text("changed")
    assert observe_environment(project).dirty
    assert observe_environment(project).tags()["git.dirty"] == "true"


def test_environment_tags_omit_unknown_values(project):
    tags = observe_environment(project).tags()
    assert "git.commit" not in tags
    assert "git.dirty" not in tags
    assert "requirements.sha256" not in tags


def test_made_with_lists_the_packages_that_scores_depend_on():
    import sklearn

    made_with = observe_environment(find_project(__file__)).made_with()
    assert made_with["scikit-learn"] == sklearn.__version__
    assert {"python", "platform", "numpy", "scipy", "pandas"} <= set(made_with)


def test_pinned_versions_reads_the_lock_by_package(project):
    assert pinned_versions(project) == {}
    lines = [
        "numpy==2.4.6 ; python_version >= '3.12' \\",
        "    --hash=sha256:0",
        "numpy==2.2.0 \\",
        "scikit-learn==1.9.1",
    ]
    (project.root / "requirements.lock").write_text("\n".join(lines))
    assert pinned_versions(project) == {"numpy": ("2.4.6", "2.2.0"), "scikit-learn": ("1.9.1",)}
