"""Validates a printed schedule (stdin) against AWS's own API models, as botocore ships them: jobs, state machine, schedule, rule."""
import json, re, sys
import botocore.session
from botocore.validate import ParamValidator

session = botocore.session.get_session()
resources = json.load(sys.stdin)["Resources"]


def check(service, operation, parameters):
    shape = session.get_service_model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        sys.exit(f"{operation}: {report.generate_report()}")


def evaluate(value):
    if isinstance(value, list):
        return [evaluate(item) for item in value]
    if isinstance(value, dict):
        return {name: evaluate(item) for name, item in value.items()}
    found = re.fullmatch(r"\{% (.*) %\}", value, re.S) if isinstance(value, str) else None
    if found is None:
        return value
    return "".join("0" * 32 if part == "$runId" else json.loads(part) for part in found[1].split(" & "))


definition = json.loads(resources["StateMachine"]["Properties"]["DefinitionString"])
jobs = [state for state in definition["States"].values() if state.get("Resource", "").endswith("createProcessingJob.sync")]
for job in jobs:
    check("sagemaker", "CreateProcessingJob", evaluate(job["Arguments"]))
role = "arn:aws:iam::123456789012:role/Headroom"
check("stepfunctions", "CreateStateMachine", {"name": "headroom", "definition": json.dumps(definition), "roleArn": role})
schedule = resources["Schedule"]["Properties"]
check("scheduler", "CreateSchedule", {**schedule, "Name": "headroom", "Target": {**schedule["Target"], "Arn": "arn", "RoleArn": role}})
rule = resources["EndedRule"]["Properties"]
check("events", "PutRule", {"Name": "headroom", "EventPattern": json.dumps(rule["EventPattern"]), "State": rule["State"]})
check("events", "PutTargets", {"Rule": "headroom", "Targets": rule["Targets"]})
print(f"{len(jobs)} job(s) valid")
