"""Every command of ``./is248``: its group in the help, its line there, and the module that has it.

The line is all that ``--help`` shows, so that no command has to be imported for it. Commands of the start script are here
too. Does not belong here: the help of one command, which is kept with the command.
"""

from __future__ import annotations

from dataclasses import dataclass

# The file that installs the system and calls its commands; its own actions are not commands of this program.
START_SCRIPT = "start script"


@dataclass(frozen=True)
class Listed:
    """A command as the help lists it.

    ``module`` is the one of this folder that has it, or START_SCRIPT; ``given`` is what follows its name there. A command of
    the start script has its ``example`` here, the others have theirs in their module.
    """

    line: str
    module: str
    given: str = ""
    example: str = ""


SECTIONS: dict[str, dict[str, Listed]] = {
    "Every year": {
        "forms": Listed("Check all form folders and signed decisions", "forms"),
        "new-year": Listed("Draft the form of a new delivery from an earlier form", "forms"),
        "diff-forms": Listed("Compare two forms, question by question", "forms"),
        "preview": Listed("Show what a run would make of one survey year", "preview"),
        "run": Listed("Read new deliveries, compute, check and publish", "running"),
        "rehearse": Listed("Create a fictitious delivery to practise on", "rehearsing"),
    },
    "Publish": {
        "status": Listed("Show what is published, what waits and what was read", "status"),
        "check": Listed("Apply the rules again to a candidate or snapshot", "running"),
        "publish": Listed("Publish the approved candidate if its release is due", "running"),
        "rollback": Listed("Make an earlier snapshot the current one again", "snapshots"),
        "list": Listed("List all snapshots", "snapshots"),
        "verify": Listed("Compare the files of a snapshot with their checksums", "snapshots"),
        "rebuild": Listed("Make a snapshot again from the archive and compare the two", "snapshots"),
        "prune": Listed("Delete old candidates, remains of broken runs, old snapshots", "snapshots"),
    },
    "Read and trace": {
        "diff": Listed("Show what changed between two snapshots", "snapshots"),
        "explain": Listed("Trace a figure back to the delivered cells", "answers"),
        "report": Listed("Build a national, county or municipal report", "reports"),
    },
    "Ask the municipalities": {
        "control": Listed("Write lists of answers to be checked, and read them back", "answers"),
        "contact": Listed("Run the contact round: status of each unit, letters, lists", "contact"),
    },
    "Servers": {
        "serve": Listed("Serve the published tables over HTTP, read-only", "servers"),
        "ui": Listed("Start Dagster's user interface on this machine", "servers"),
        "webserver": Listed("Serve Dagster's user interface as a service", "servers"),
        "daemon": Listed("Run Dagster's schedules, sensors and queued runs", "servers"),
    },
    "Develop": {
        "test": Listed("Run the tests; --quick runs those for every commit", START_SCRIPT, example="test --quick"),
        "lint": Listed("Check style and types; name tools to run only those", START_SCRIPT, example="lint ruff"),
        "fix": Listed("Let the style tools correct what they can", START_SCRIPT, example="fix"),
        "model": Listed("Build one dbt model in the last warehouse and test it", "developing", "NAME"),
        "docs": Listed("Build the documentation as pages that work offline", "documentation"),
        "prove-rules": Listed("Seed a fault for every rule and see whether it is caught", "running"),
        "build-suites": Listed("Write Great Expectations' suites from the rules", "running"),
        "data-docs": Listed("Write Great Expectations' own pages (Data Docs)", "running"),
        "licences": Listed("List the installed packages with their licences", "developing"),
        "completion": Listed("Print the completion script for bash, zsh or fish", "completion"),
    },
}

COMMANDS: dict[str, Listed] = {name: listed for section in SECTIONS.values() for name, listed in section.items()}
