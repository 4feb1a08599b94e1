"""Every field of the official messages, set one at a time, is treated as its declaration says.

Usage: fields_test.py DECODE_TOOL, with the package xds-protos installed; see run.sh.

Valid resources that together hold every message we declare are the bases (fields_bases.py). For
each field of each of those messages (as the official descriptors have them, not as ours do) the
field is set to something, and the decoder's answer is held against the declaration:

  advisory         accepted, and listed by name
  must-understand  refused, and the error names the field
  honoured         accepted and not listed, or refused by a check that names the field
"""

import json
import subprocess
import sys
import unittest

from google.protobuf import descriptor as d
from google.protobuf import any_pb2, struct_pb2, wrappers_pb2  # noqa: F401
from envoy.config.cluster.v3 import cluster_pb2

from fields_bases import BASES, PACKED, PROFILES

ANY = "google.protobuf.Any"

# Declared messages that no base can hold, and why.
NOT_IN_A_BASE = {
    "envoy.config.route.v3.FilterConfig": "it stands in an Any of a map",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": "it stands in an Any of a map",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig": "it stands there",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig": "it stands there",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig":
        "it stands there",
    "google.protobuf.ListValue": "it stands in a map",
    "google.protobuf.Struct": "it stands in a map",
    "google.protobuf.Value": "it stands in a map",
}


def disposition_in_cluster(rule, profile, cluster):
    """As the declarations' notes say, it depends on the type."""
    name, result = rule["name"], rule[profile]
    if result != "honoured":
        return result
    if cluster.HasField("cluster_type"):  # an aggregate
        kept = ("name", "type", "cluster_type")
        kept += ("eds_cluster_config",) if profile != "grpc" else ()
        return result if name in kept else "advisory"
    of_others = {
        cluster_pb2.Cluster.EDS:
            name == "load_assignment" or ("dns" in name and profile == "grpc"),
        cluster_pb2.Cluster.STATIC: "dns" in name,
        cluster_pb2.Cluster.LOGICAL_DNS: name == "eds_cluster_config" and profile == "grpc",
    }
    return "advisory" if of_others.get(cluster.type) else result


def disposition(rule, profile, message):
    """Of a field of `message`, which may depend on the fields beside it."""
    if rule["name"] == "timeout" and message.DESCRIPTOR.name == "RouteAction" and \
            message.HasField("max_stream_duration"):
        return "advisory"  # that one replaces it, as the declaration's note says
    if rule["name"] == "resolver_name" and message.address == "name":
        return "must-understand"  # of LOGICAL_DNS, in gRPC too
    if message.DESCRIPTOR.full_name == "envoy.config.cluster.v3.Cluster":
        return disposition_in_cluster(rule, profile, message)
    return rule[profile]


def places(message, visit, path=()):
    """Calls visit(message, path, pack) for the message and all below it; `pack` writes a change of
    the message back to where it is held."""
    def walk(inner, inner_path, pack):
        visit(inner, inner_path, pack)
        for field, value in inner.ListFields():
            if field.type != field.TYPE_MESSAGE or field.message_type.GetOptions().map_entry:
                continue
            repeated = field.is_repeated if hasattr(field, "is_repeated") else (
                field.label == field.LABEL_REPEATED)
            for index, item in enumerate(value if repeated else [value]):
                step = inner_path + ((field.name, index if repeated else None),)
                if item.DESCRIPTOR.full_name == ANY:
                    kind = PACKED.get(item.type_url.rsplit("/", 1)[-1])
                    if kind is not None:
                        held = kind()
                        item.Unpack(held)

                        def repack(item=item, held=held, pack=pack):
                            item.Pack(held)
                            pack()
                        walk(held, step + (("Any", None),), repack)
                elif not item.DESCRIPTOR.full_name.startswith("google.protobuf."):
                    walk(item, step, pack)
    walk(message, path, lambda: None)


def set_something(message, field):
    """Sets the field to something that is not its default."""
    repeated = field.is_repeated if hasattr(field, "is_repeated") else (
        field.label == field.LABEL_REPEATED)
    if field.type == field.TYPE_MESSAGE:
        kind = field.message_type
        if kind.GetOptions().map_entry:
            key = "x" if kind.fields_by_name["key"].type == d.FieldDescriptor.TYPE_STRING else 1
            value = kind.fields_by_name["value"]
            if value.type == value.TYPE_MESSAGE:
                getattr(message, field.name)[key].SetInParent()
            else:
                getattr(message, field.name)[key] = "x" if value.type == value.TYPE_STRING else 1
            return
        target = getattr(message, field.name).add() if repeated else getattr(message, field.name)
        target.SetInParent()
        if kind.full_name == "google.protobuf.Duration":
            target.seconds = 1
        elif kind.full_name == "google.protobuf.Any":
            target.type_url = "type.googleapis.com/mesh.test.Nothing"
        elif kind.full_name.startswith("google.protobuf.") and "value" in kind.fields_by_name:
            inner = kind.fields_by_name["value"]
            target.value = "x" if inner.type == inner.TYPE_STRING else (
                b"x" if inner.type == inner.TYPE_BYTES else 1)
        return
    if field.type == field.TYPE_ENUM:
        numbers = [value.number for value in field.enum_type.values if value.number != 0]
        value = numbers[0] if numbers else 0
    elif field.type == field.TYPE_STRING:
        value = "x"
    elif field.type == field.TYPE_BYTES:
        value = b"x"
    elif field.type == field.TYPE_BOOL:
        value = True
    else:
        value = 1
    if repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


class Tool:
    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        declared = json.loads(subprocess.run([path, "--declare"], check=True, text=True,
                                             stdout=subprocess.PIPE).stdout)
        self.declared = {}
        for entry in declared:
            if entry["message"]:
                self.declared.setdefault(entry["message"], {})[entry["number"]] = entry

    def decode(self, kind, profile, message):
        self.process.stdin.write("%s %s %s\n" % (kind, profile, message.SerializeToString().hex()))
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def complaint(rule, expected, path, field, after):
    """What is wrong with the answer `after` to a field that is set below `path`; None if nothing."""
    names = [name for name, _ in path if name != "Any"]
    listed = [name.split(" (")[0] for name in after["ignored"]]
    full = ".".join(names + [field.name])
    error = after["error"]
    if expected == "must-understand":
        if not error:
            return "must be understood, but accepted"
        return None if field.name in error else "refused without its name: " + error
    if expected == "advisory":
        if error:
            checked = rule["reason"].startswith("checked") and field.name in error
            return None if checked else "advisory, but refused: " + error
        # What stands in a message that does nothing is listed with that.
        above = [".".join(names[:i]) for i in range(1, len(names) + 1)]
        if full in listed or any(name in listed for name in above):
            return None
        return "advisory, but %s is not listed (only %s)" % (full, listed)
    if error:
        near = any(name in error for name in names + [field.name])
        return None if near else "honoured, but refused elsewhere: " + error
    return "honoured, but listed" if full in listed else None


class FieldsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tool = Tool(TOOL)

    @classmethod
    def tearDownClass(cls):
        cls.tool.process.stdin.close()
        cls.tool.process.wait()
        cls.tool.process.stdout.close()

    def mutations(self):
        """(kind, profiles, message, its path, field, mutated root) for each field of each message;
        no field, and no root, for a message that has none."""
        for kind, make, profiles in BASES:
            seen = []
            places(make(), lambda message, path, pack: seen.append((message, path)))
            for message, path in seen:
                if not message.DESCRIPTOR.fields:
                    yield kind, profiles, message, path, None, None
                for field in message.DESCRIPTOR.fields:
                    root = make()

                    def change(found, here, pack, path=path, field=field):
                        if here == path:
                            set_something(found, field)
                            pack()
                    places(root, change)
                    yield kind, profiles, message, path, field, root

    def check(self, declared):
        complaints, count, messages = [], 0, set()
        for kind, profiles, message, path, field, mutated in self.mutations():
            name = message.DESCRIPTOR.full_name
            messages.add(name)
            if name not in declared and field is not None:
                complaints.append("%s: the message is not declared" % name)
                continue
            if field is None:
                continue
            rule = declared[name].get(field.number)
            if rule is None:
                complaints.append("%s.%s: not declared" % (name, field.name))
                continue
            if rule["name"] != field.name:
                complaints.append("%s.%s: declared as %s" % (name, field.name, rule["name"]))
                continue
            for profile in profiles:
                count += 1
                after = self.tool.decode(kind, profile, mutated)
                text = complaint(rule, disposition(rule, profile, message), path, field, after)
                if text:
                    complaints.append("%s.%s in %s: %s" % (name, field.name, profile, text))
        return sorted(set(complaints)), count, messages

    def test_bases_are_accepted(self):
        for kind, make, profiles in BASES:
            for profile in profiles:
                self.assertEqual(self.tool.decode(kind, profile, make())["error"], "", kind)

    def test_every_field_is_treated_as_declared(self):
        complaints, count, messages = self.check(self.tool.declared)
        self.assertEqual(complaints, [], "\n" + "\n".join(complaints))
        self.assertGreater(count, 900)
        missing = set(self.tool.declared) - messages - set(NOT_IN_A_BASE)
        self.assertEqual(missing, set(), "declared, but in no base")
        print("%d outcomes of %d messages" % (count, len(messages)))

    def test_a_wrong_declaration_is_found(self):
        message = "envoy.config.cluster.v3.Cluster"
        wrong = {name: dict(fields) for name, fields in self.tool.declared.items()}
        for field, claim in ((24, "advisory"), (13, "honoured"), (1, "must-understand")):
            wrong[message][field] = dict(wrong[message][field], mesh=claim)
        del wrong[message][5]
        complaints, _, _ = self.check(wrong)
        self.assertEqual([c.split(" ")[0].rstrip(":") for c in complaints], [
            message + ".http_protocol_options", message + ".name",
            message + ".per_connection_buffer_limit_bytes", message + ".transport_socket"])


if __name__ == "__main__":
    TOOL = sys.argv.pop(1)
    unittest.main(verbosity=2)
