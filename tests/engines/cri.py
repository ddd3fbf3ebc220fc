#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
What the kubelet says to containerd and CRI-O, in small: a client of the CRI (runtime.v1) by gRPC, with the
few messages that the steps need written out by hand. Field numbers are those of the CRI's api.proto.

    cri.py SOCKET run-pod NAME HANDLER [KEY=VALUE...]      annotations; prints the pod's ID
    cri.py SOCKET create POD NAME IMAGE JSON               {"command": [...], "pod": {annotations} ...}
    cri.py SOCKET start|stop|remove CONTAINER
    cri.py SOCKET status CONTAINER                         prints the state, and the exit status
    cri.py SOCKET exec CONTAINER COMMAND...                prints what it prints, and ends with its status
    cri.py SOCKET update CONTAINER MEMORY-BYTES
    cri.py SOCKET stop-pod|remove-pod POD
"""

import json
import sys

import grpc

STATES = ["created", "running", "exited", "unknown"]


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """A field of a message: int, text, bytes (a message), list (repeated), or dict (a map)."""
    if isinstance(value, list):
        return b"".join(field(number, v) for v in value)
    if isinstance(value, dict):
        return b"".join(field(number, field(1, k) + field(2, v)) for k, v in value.items())
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(**fields):
    """message(_1="a", _3=5)"""
    return b"".join(field(int(n[1:]), v) for n, v in fields.items())


# NamespaceOption: the network of the host (NODE), since there is no CNI here; processes of the
# container's own (CONTAINER), IPC of the pod.
NAMESPACES = message(_1=2, _2=1)


def parse(data):
    """The fields of a message: {number: last value}, int or bytes."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        value = number()
        if key & 7 == 2:
            at, value = at + value, data[at : at + value]
        fields[key >> 3] = value
    return fields


def pod_config(name, annotations):
    # Privileged, so that its containers may be.
    return message(
        _1=message(_1=name, _2="uid-" + name, _3="default"),
        _3="/tmp/" + name,
        _7=annotations,
        _8=message(_1="/kubepods", _2=message(_1=NAMESPACES, _6=1)),
    )


def container_config(name, image, words):
    resources = message(_4=words.get("memory", 0), _7=words.get("mems", ""))
    security = message(_2=int(words.get("privileged", False)), _3=NAMESPACES)
    if "user" in words:
        security += message(_5=message(_1=words["user"]))
    return message(
        _1=message(_1=name),
        _2=message(_1=image, _18=image),  # the name as the user wrote it, too
        _3=words["command"],
        _6=[message(_1=k, _2=v) for k, v in words.get("env", {}).items()],
        _7=[message(_1=k, _2=v) for k, v in words.get("mounts", {}).items()],
        _10=words.get("annotations", {}),
        _11=name + ".log",
        _15=message(_1=resources, _2=security),
    )


def main():
    socket, verb, *rest = sys.argv[1:]
    channel = grpc.insecure_channel("unix://" + socket)

    def call(method, request):
        path = "/runtime.v1.RuntimeService/" + method
        plain = {"request_serializer": lambda m: m, "response_deserializer": lambda m: m}
        # Without a deadline, which CRI-O takes for the time that a container has to end by itself.
        return parse(channel.unary_unary(path, **plain)(request))

    if verb == "run-pod":
        annotations = dict(word.split("=", 1) for word in rest[2:])
        request = message(_1=pod_config(rest[0], annotations), _2=rest[1])
        print(call("RunPodSandbox", request)[1].decode())
    elif verb == "create":
        words = json.loads(rest[3])
        config = container_config(rest[1], rest[2], words)
        request = message(_1=rest[0], _2=config, _3=pod_config("shared", words.get("pod", {})))
        print(call("CreateContainer", request)[1].decode())
    elif verb == "status":
        status = parse(call("ContainerStatus", message(_1=rest[0]))[1])
        print(STATES[status.get(3, 0)], status.get(7, 0))
    elif verb == "exec":
        answer = call("ExecSync", message(_1=rest[0], _2=rest[1:], _3=30))
        sys.stdout.buffer.write(answer.get(1, b""))
        sys.stderr.buffer.write(answer.get(2, b""))
        sys.exit(answer.get(3, 0))
    elif verb == "update":
        call("UpdateContainerResources", message(_1=rest[0], _2=message(_4=int(rest[1]))))
    else:
        methods = {
            "start": "StartContainer",
            "stop": "StopContainer",
            "remove": "RemoveContainer",
            "stop-pod": "StopPodSandbox",
            "remove-pod": "RemovePodSandbox",
        }
        call(methods[verb], message(_1=rest[0]))


try:
    main()
except grpc.RpcError as error:
    sys.exit(error.details())
