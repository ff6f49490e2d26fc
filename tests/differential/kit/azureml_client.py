"""Answers what AzureML's clients make of definitions: a request a line, in JSON, and an answer a line.

Run by build/clients/bin/python, which has azureml-core and azure-ai-ml. Every answer is {"ok": ...} or
{"no": "why"}."""

import json
import logging
import os
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from azure.ai.ml import load_environment
from azureml.core import Environment
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import DockerBuildContext


def as_dict(environment):
    """All of a v1 object, its conda file inside."""
    return json.loads(json.dumps(Environment._serialize_to_dict(environment)))


def load(path):
    return as_dict(Environment.load_from_directory(path))


def resave(path, to):
    Environment.load_from_directory(path).save_to_directory(to, overwrite=True)


def clone(path, name, to):
    Environment.load_from_directory(path).clone(name).save_to_directory(to, overwrite=True)


def make(to, kind, arguments, sets):
    """By one of the client's constructors, then attributes by their dotted names."""
    if kind == "default":
        made = Environment(*arguments)
    elif kind == "context":
        name, location = arguments
        made = Environment.from_docker_build_context(name, DockerBuildContext.from_git(location) if hasattr(
            DockerBuildContext, "from_git") else DockerBuildContext(location_type="git", location=location))
    else:
        made = getattr(Environment, kind)(*arguments[:2], **(arguments[2] if len(arguments) > 2 else {}))
    for name, value in sets.items():
        *way, last = name.split(".")
        at = made
        for step in way:
            at = getattr(at, step)
        if last == "add_spark":
            at.spark.packages.append(type(at.spark)._field_to_info_dict["packages"].list_element_type(*value))
        else:
            setattr(at, last, value)
    made.save_to_directory(to, overwrite=True)
    return as_dict(made)


def read_v2(path):
    """What would be sent to the service, and what the client calls it."""
    environment = load_environment(path)
    environment.validate()
    sent = environment._to_rest_object().properties
    sent = sent.as_dict() if hasattr(sent, "as_dict") else sent.serialize()
    return {"name": environment.name, "version": environment.version, "sent": sent}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": globals()[request.pop("do")](**request)}
        except Exception as why:
            answer = {"no": f"{type(why).__name__}: {why}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
