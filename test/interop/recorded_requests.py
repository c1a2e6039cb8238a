"""Judges recorded requests (stdin, one per line) by AWS's own service models, as botocore ships them: operation, members, types, lengths,
patterns and listed values. Nothing here knows what Headroom meant to send: each operation is found from the wire alone."""
import collections, json, re, sys
import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qsl, unquote
import botocore.session
from botocore.validate import ParamValidator

try:
    import regex as patterns
except ImportError:
    patterns = None

session = botocore.session.get_session()
models = {name: session.get_service_model(name) for name in
          ["s3", "sagemaker", "logs", "cloudwatch", "service-quotas", "pricing", "ecr", "ec2", "iam", "sts", "sso", "sso-oidc"]}
# Headers of HTTP, of signatures, of the SDK itself, and of S3's checksums, which trailers may carry.
plain_headers = re.compile(r"host|connection|date|authorization|user-agent|expect|range|if-.*|accept.*|transfer-encoding|content-.*|"
                           r"x-amz-(date|content-sha256|security-token|user-agent|target|decoded-content-length|trailer|checksum-.*|sdk-.*)|"
                           r"amz-sdk-.*|x-amzn-.*")


class Wrong(Exception):
    pass


def signed_service(headers):
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("authorization", ""))
    return found and found[1]


def from_text(shape, text):
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name in ("float", "double"):
        return float(text)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    return text


def from_form(shape, prefix, fields, is_ec2):
    """A member of a form: structures and lists are spread over names such as Filter.1.Value.2."""
    if shape.type_name == "structure":
        values = {}
        for name, member in shape.members.items():
            sent = member.serialization.get("name", name)
            if is_ec2:
                sent = member.serialization.get("queryName") or sent[0].upper() + sent[1:]
            value = from_form(member, f"{prefix}.{sent}" if prefix else sent, fields, is_ec2)
            if value is not None:
                values[name] = value
        return values if values or prefix == "" else None
    if shape.type_name == "list":
        infix = "" if is_ec2 or shape.serialization.get("flattened") else f".{shape.member.serialization.get('name', 'member')}"
        values = []
        while True:
            value = from_form(shape.member, f"{prefix}{infix}.{len(values) + 1}", fields, is_ec2)
            if value is None:
                return values or None
            values.append(value)
    return from_text(shape, fields.pop(prefix)) if prefix in fields else None


def from_xml(shape, node):
    if shape.type_name == "structure":
        values, names = {}, {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag not in names:
                raise Wrong(f"unknown element {tag}")
            member = shape.members[names[tag]]
            if member.type_name == "list":
                values.setdefault(names[tag], []).append(from_xml(member.member, child))
            else:
                values[names[tag]] = from_xml(member, child)
        return values
    return from_text(shape, node.text or "")


def rest_operation(service, request, query):
    """The operation with the most fixed and required parts of the query among those whose method and path fit."""
    best = None
    for name in models[service].operation_names:
        operation = models[service].operation_model(name)
        path, _, fixed = operation.http["requestUri"].partition("?")
        shape = operation.input_shape
        pattern = re.sub(r"\\\{([^}]+?)(\\\+)?\\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(path))
        found = re.fullmatch(pattern + "/?", request["path"])
        needed = [part.split("=")[0] for part in fixed.split("&") if part]
        required = [shape.members[member].serialization["name"] for member in (shape.required_members if shape else [])
                    if shape.members[member].serialization.get("location") == "querystring"]
        if found is None or operation.http["method"] != request["method"] or not set(needed + required) <= set(query):
            continue
        x_id = query.get("x-id")
        if x_id is not None and x_id != name and x_id in models[service].operation_names:
            continue
        known = {member.serialization["name"] for member in shape.members.values() if member.serialization.get("location") == "querystring"} if shape else set()
        rank = (len(needed) + len(required), len(known & set(query)), name.endswith("V2"), -len(name))
        if best is None or rank > best[0]:
            best = (rank, operation, found.groupdict(), needed)
    return best


def rest(service, request):
    query = dict(parse_qsl(request["query"][1:], keep_blank_values=True))
    best = rest_operation(service, request, query)
    if best is None:
        raise Wrong("no operation has this method and path")
    _, operation, labels, needed = best
    headers, shape = dict(request["headers"]), operation.input_shape
    x_id = query.pop("x-id", None)
    if x_id not in (None, operation.name):
        raise Wrong(f"x-id says {x_id}")
    for name in needed:
        query.pop(name)
    values, in_body = {}, {}
    for name, member in (shape.members if shape else {}).items():
        where, sent = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            values[name] = unquote(labels[sent])
        elif where == "querystring" and sent in query:
            values[name] = from_text(member, query.pop(sent))
        elif where == "header" and sent.lower() in headers:
            values[name] = from_text(member, headers.pop(sent.lower()))
        elif where == "headers":
            values[name] = {key[len(sent):]: headers.pop(key) for key in list(headers) if key.startswith(sent)}
        elif where is None:
            in_body[name] = member
    unknown = sorted(query) + [name for name in sorted(headers) if not plain_headers.fullmatch(name)]
    if unknown:
        raise Wrong(f"{operation.name}: unknown {', '.join(unknown)}")
    payload = shape.serialization.get("payload") if shape else None
    if payload is not None and shape.members[payload].type_name != "blob" and request["body"]:
        values[payload] = from_xml(shape.members[payload], ElementTree.fromstring(request["body"]))
    elif payload is not None and shape.members[payload].type_name == "blob":
        values[payload] = b""
    elif request["body"]:
        values.update(json.loads(request["body"]))
    return operation, values


def read(request):
    """The operation and its parameters, in the words of the model."""
    headers = request["headers"]
    if "x-amz-target" in headers:
        prefix, name = headers["x-amz-target"].split(".")
        model = next((model for model in models.values() if model.metadata.get("targetPrefix") == prefix), None)
        if model is None or name not in model.operation_names:
            raise Wrong("no such target")
        return model.operation_model(name), json.loads(request["body"])
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields = dict(parse_qsl(request["body"], keep_blank_values=True))
        version, action = fields.pop("Version"), fields.pop("Action")
        model = next((model for model in models.values() if model.api_version == version and action in model.operation_names), None)
        if model is None:
            raise Wrong(f"no service has {action} of {version}")
        operation = model.operation_model(action)
        values = from_form(operation.input_shape, "", fields, model.metadata["protocol"] == "ec2") if operation.input_shape else {}
        if fields:
            raise Wrong(f"{action}: unknown {', '.join(sorted(fields))}")
        return operation, values
    if signed_service(headers) is None:
        return rest("sso-oidc" if request["path"] in ("/client/register", "/device_authorization", "/token") else "sso", request)
    return rest(signed_service(headers), request)


def limits(shape, value, at):
    """What botocore's own validator leaves out: upper limits, patterns, listed values, unions."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from limits(shape.members[name], item, f"{at}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from limits(shape.member, item, f"{at}[{index}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from limits(shape.key, name, f"{at}.key")
            yield from limits(shape.value, item, f"{at}.{name}")
    size = value if shape.type_name in ("integer", "long", "float", "double") else len(value) if isinstance(value, (str, list, dict)) else None
    if size is not None and "max" in shape.metadata and size > shape.metadata["max"]:
        yield f"{at}: {size} is above {shape.metadata['max']}"
    if isinstance(value, str) and "pattern" in shape.metadata and shape.type_name == "string":
        pattern = shape.metadata["pattern"]
        if patterns is not None and not patterns.search(f"^(?:{pattern})$", value, patterns.DOTALL):
            yield f"{at}: {value!r} does not match {pattern}"
    if isinstance(value, str) and getattr(shape, "enum", []) and value not in shape.enum:
        yield f"{at}: {value!r} is none of the listed values"


counts, faults, pages = collections.Counter(), collections.Counter(), 0
for line in sys.stdin:
    request = json.loads(line)
    if request["path"] == "/authorize":
        pages += 1  # The page in the user's browser, no operation.
        continue
    try:
        operation, values = read(request)
        report = ParamValidator().validate(values, operation.input_shape) if operation.input_shape else None
        problems = [report.generate_report()] if report is not None and report.has_errors() else []
        if not problems and operation.input_shape:
            problems = list(limits(operation.input_shape, values, operation.name))
        signed, scope = signed_service(request["headers"]), operation.service_model.signing_name
        if signed not in (None, scope):
            problems.append(f"signed for {signed} instead of {scope}")
        counts[f"{operation.service_model.service_name}.{operation.name}"] += 1
        for problem in problems:
            faults[f"{operation.name}: {problem}"] += 1
    except (Wrong, KeyError, ValueError, ElementTree.ParseError) as error:
        faults[f"{request['method']} {request['path']}{request['query']} {request['headers'].get('x-amz-target', '')}: {type(error).__name__} {error}"] += 1
for name, count in sorted(counts.items()):
    print(f"{name.ljust(48)} {count:7}")
for fault, count in faults.most_common(40):
    print(f"fault, {count} times: {fault}")
if patterns is None:
    print("Skipped: patterns (pip install regex).")
print(f"{sum(counts.values())} requests of {len(counts)} operations, {sum(faults.values())} faults, {pages} pages of a browser left out")
sys.exit(1 if faults or not counts else 0)
