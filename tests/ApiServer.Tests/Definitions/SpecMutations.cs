namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>An edit of an object.</summary>
/// <param name="Name">What it does, for people.</param>
/// <param name="Apply">Does it.</param>
internal sealed record SpecMutation(string Name, Action<JsonObject> Apply)
{
    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>Every way in which each field of an object can be wrong, and some in which it stays right.</summary>
internal static class SpecMutations
{
    private static readonly string[] Times =
    [
        "2030-01-31t12:00:00z",
        "2030-01-31",
        "2030-02-30T12:00:00Z",
        "2030-01-31T24:00:00Z",
        "2030-01-31T23:59:60Z",
        "2030-01-31T12:00:00",
        "2030-01-31T12:00:00+0200",
        "2030-01-31T12:00:00.123456789+02:00",
        "2030-01-31 12:00:00Z",
        "tomorrow",
    ];

    private static readonly string[] Texts =
    [
        "",
        "A",
        "a\n",
        " a",
        "a_B",
        "1.",
        "HTTPS://a.example",
        "HTTP_Port",
        "\u00a0",
        "🙂",
        "-1",
        "a/b",
        "0",
    ];

    /// <summary>The edits of an object's spec and metadata.</summary>
    public static IEnumerable<SpecMutation> Of(JsonObject sample, JsonObject schema) =>
        Node(sample["spec"]!, schema["properties"]!["spec"]!.AsObject(), "spec").Concat(Metadata());

    private static IEnumerable<SpecMutation> Metadata()
    {
        foreach (
            var (path, json) in new[]
            {
                ("metadata.labels", """{"a":1}"""),
                ("metadata.labels", """{"a":"b c"}"""),
                ("metadata.labels", """{"A/b":"c"}"""),
                ("metadata.labels", """{"a/B":"c"}"""),
                ("metadata.labels", """{"a":""}"""),
                ("metadata.labels", """{"":"b"}"""),
                ("metadata.labels", "[]"),
                ("metadata.labels", $$"""{"a":"{{new string('b', 64)}}"}"""),
                ("metadata.annotations", """{"a":"b c\n"}"""),
                ("metadata.annotations", """{"a b":"c"}"""),
                ("metadata.annotations", """{"A.b/c":"c"}"""),
                ("metadata.annotations", """{"a":true}"""),
                ("metadata.name", "\"Support\""),
                ("metadata.name", "\"a.b\""),
                ("metadata.name", "\"a..b\""),
                ("metadata.name", $"\"{new string('a', 41)}\""),
                ("metadata.name", "\"a\\n\""),
                ("metadata.name", "5"),
                ("metadata.name", "\"1a\""),
                ("metadata.foo", "1"),
                ("metadata.finalizers", "\"a\""),
                ("metadata.ownerReferences", """[{"name":"a"}]"""),
                ("metadata.ownerReferences", """[{"apiVersion":"v1","kind":"A","name":"a","uid":"u"}]"""),
                ("metadata.ownerReferences", """[{"apiVersion":"v1","kind":"A","name":"a","uid":"u","controller":"yes"}]"""),
                ("metadata.labels", """{"a":null}"""),
                ("metadata.annotations", "null"),
                ("metadata.generateName", "\"A\""),
                ("metadata.generateName", "\"a.-\""),
                ("metadata.generateName", "\"a-.\""),
                ("metadata.generateName", "\"-\""),
                ("metadata.generation", "1.5"),
                ("metadata.uid", "5"),
                ("metadata.creationTimestamp", "null"),
                ("metadata.creationTimestamp", "\"yesterday\""),
                ("metadata.creationTimestamp", "\"2030-01-31T12:00:00Z\""),
                ("foo", "1"),
                ("spec", "[]"),
                ("spec", "\"a\""),
                ("spec", "{}"),
                ("status", """{"foo":1}"""),
            }
        )
            yield return new SpecMutation($"{path} = {json}", tree => tree.SetField(path, JsonNode.Parse(json)));
        foreach (var prefix in (string[])["a-", "A-", "", new string('a', 34), new string('a', 36), new string('a', 300)])
        {
            yield return new SpecMutation(
                $"generateName = {prefix}",
                tree =>
                    tree["metadata"] = new JsonObject
                    {
                        ["generateName"] = prefix,
                        ["namespace"] = tree["metadata"]!["namespace"]!.DeepClone(),
                    }
            );
        }
        yield return new SpecMutation("no spec", tree => tree.Remove("spec"));
        yield return new SpecMutation("spec is null", tree => tree["spec"] = null);
    }

    private static IEnumerable<SpecMutation> Node(JsonNode value, JsonObject schema, string path)
    {
        foreach (var json in (string[])["null", "5", "\"x\"", "true", "[]", "{}", "1.5", "[null]"])
            yield return Set(path, json);
        var type = schema["type"]!.GetValue<string>();
        if (type == "string")
        {
            foreach (var text in Times.Where(_ => schema["format"] is not null).Concat(Texts))
                yield return Set(path, JsonValue.Create(text).ToJsonString());
            foreach (var word in schema["enum"] as JsonArray ?? [])
            {
                yield return Set(path, word!.ToJsonString());
                yield return Set(path, word.ToJsonString().ToLowerInvariant());
            }
            if (schema["maxLength"]?.GetValue<long>() is { } bound && (int)bound is var most)
            {
                foreach (
                    var text in new[]
                    {
                        new string('1', most),
                        new string('a', most),
                        new string('a', most + 1),
                        string.Concat(Enumerable.Repeat("🙂", most)),
                    }
                )
                    yield return Set(path, JsonValue.Create(text).ToJsonString());
            }
        }
        else if (type == "integer")
        {
            foreach (
                var number in new[] { schema["minimum"], schema["maximum"] }.OfType<JsonNode>().Select(bound => bound.GetValue<long>())
            )
            {
                yield return Set(path, $"{number}");
                yield return Set(path, $"{number - 1}");
                yield return Set(path, $"{number + 1}");
            }
            foreach (var number in (string[])["1.0", "1e2", "2147483648", "-2147483649", "9223372036854775807", "-1", "0", "\"1\""])
                yield return Set(path, number);
        }
        else if (type == "array")
        {
            yield return Change(path, "its first entry twice", list => list.AsArray().Add(list[0]!.DeepClone()));
            if (schema["maxItems"]?.GetValue<long>() is { } bound && (int)bound is var most)
                yield return Change(path, "one entry too many", list => Fill(list.AsArray(), most + 1));
            foreach (var found in Node(value[0]!, schema["items"]!.AsObject(), $"{path}[0]"))
                yield return found;
        }
        else if (schema["additionalProperties"] is not null)
        {
            foreach (var json in (string[])["""{"a":null}""", """{"a":1}""", """{"a":{}}""", """{"":"b"}""", """{"a b":"c\n"}"""])
                yield return Set(path, json);
        }
        else if (schema["properties"] is JsonObject properties)
        {
            yield return Set($"{path}.fieldOfTheFuture", "1");
            foreach (var (name, property) in properties)
            {
                if (value[name] is not { } member)
                    continue;
                yield return Change(path, $"without {name}", map => map.AsObject().Remove(name));
                foreach (var found in Node(member, property!.AsObject(), $"{path}.{name}"))
                    yield return found;
            }
        }
        else if (type == "object")
        {
            yield return Set($"{path}.fieldOfTheFuture", "1");
        }
    }

    // Entries that differ, where a text can be made to: else the duplicates would be refused and not their number.
    private static void Fill(JsonArray list, int count)
    {
        while (list.Count < count)
        {
            var entry = list[0]!.DeepClone();
            if (entry.GetValueKind() == JsonValueKind.String)
                entry = $"{entry.GetValue<string>()}{list.Count}";
            else if (entry is JsonObject map && map["name"] is JsonValue)
                map["name"] = $"a{list.Count}";
            list.Add(entry);
        }
    }

    private static SpecMutation Set(string path, string json) =>
        new($"{path} = {(json.Length > 60 ? json[..60] + "…" : json)}", tree => tree.SetField(path, JsonNode.Parse(json)));

    private static SpecMutation Change(string path, string what, Action<JsonNode> change) =>
        new($"{path}: {what}", tree => change(tree.Field(path)));
}
