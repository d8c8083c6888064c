using System.Diagnostics;
using AgentReadiness.Guardrail.Schemas;
using CsCheck;
using Json.Schema;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Arguments against schemas: what fits, what breaks, and what nobody knows.</summary>
public sealed class SchemaTests
{
    private const string Order =
        """{"type":"object","properties":{"id":{"type":"integer","minimum":1},"to":{"type":"array","""
        + """ "items":{"type":"string","maxLength":3}}},"required":["id"],"additionalProperties":false}""";

    [Theory]
    [InlineData(Order, """{"id":1}""", "Fits")]
    [InlineData(Order, """{"id":1.0,"to":["abc"]}""", "Fits")]
    [InlineData(Order, "", "BreaksSchema arguments must have the member \"id\"")]
    [InlineData(Order, """{"id":0}""", "BreaksSchema arguments.id must be at least 1")]
    [InlineData(Order, """{"id":"1"}""", "BreaksSchema arguments.id must be an integer")]
    [InlineData(Order, """{"id":1,"to":["abc","abcd"]}""", "BreaksSchema arguments.to[1] must have at most 3 characters")]
    [InlineData(Order, """{"id":1,"x":1}""", "BreaksSchema arguments.x must not be there")]
    [InlineData(Order, "[]", "BreaksSchema arguments must be an object")]
    [InlineData(Order, """{"id":1""", "NotJson they are no JSON text")]
    [InlineData(Order, """{"id":1,"id":2}""", "NotJson one of them is there twice under one name")]
    [InlineData("""{"properties":{"a":{"enum":["x","y"]}}}""", """{"a":"z"}""", "BreaksSchema arguments.a must be one of \"x\", \"y\"")]
    [InlineData("""{"properties":{"a":{"pattern":"^a$"}}}""", """{"a":"a\n"}""", "BreaksSchema arguments.a must match the pattern ^a$")]
    [InlineData("""{"properties":{"a":{"pattern":"^\\d$"}}}""", """{"a":"٣"}""", "BreaksSchema arguments.a must match the pattern ^\\d$")]
    [InlineData("""{"properties":{"a":{"pattern":"^[\\w-a]+$"}}}""", """{"a":"a-b"}""", "Pattern")]
    [InlineData("""{"properties":{"a":{"pattern":"^[.-\\w]+$"}}}""", """{"a":"a-b"}""", "Pattern")]
    [InlineData("""{"properties":{"a":{"pattern":"^[!-\\d]+$"}}}""", """{"a":"a-b"}""", "Pattern")]
    [InlineData("""{"properties":{"a":{"pattern":"^[\\d-\\w]+$"}}}""", """{"a":"a-b"}""", "Pattern")]
    [InlineData("""{"properties":{"a":{"pattern":"^[-\\w]+$"}}}""", """{"a":"a-b"}""", "Fits")]
    [InlineData("""{"properties":{"a":{"pattern":"^[\\w-]+$"}}}""", """{"a":"a-b"}""", "Fits")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"type":"string"}}}""", """{"a":1}""", "Keyword")]
    [InlineData("""{"properties":{"a":{"pattern":"(?=a)"}}}""", """{"a":"b"}""", "Pattern")]
    [InlineData("""{"properties":{"a":{"minLength":2}}}""", """{"a":"😀"}""", "BreaksSchema arguments.a must have at least 2 characters")]
    [InlineData("""{"properties":{"a":{"multipleOf":0.01}}}""", """{"a":19.99}""", "Fits")]
    [InlineData(
        """{"properties":{"a":{"maximum":9007199254740993}}}""",
        """{"a":9007199254740994}""",
        "BreaksSchema arguments.a must be at most 9007199254740993"
    )]
    [InlineData(
        """{"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"null"}}}""",
        """{"a":1}""",
        "BreaksSchema arguments.a must be null"
    )]
    [InlineData("""{"properties":{"a":{"$ref":"https://example.com/s"}}}""", """{"a":1}""", "Reference")]
    [InlineData(
        """{"properties":{"a":{"$ref":"https://example.com/s"}},"required":["b"]}""",
        """{"a":1}""",
        "BreaksSchema arguments must have the member \"b\""
    )]
    [InlineData("""{"anyOf":[{"$ref":"#/$defs/none"},{"required":["a"]}]}""", "{}", "Reference")]
    [InlineData("""{"anyOf":[{"$ref":"#/$defs/none"},{"required":["a"]}]}""", """{"a":1}""", "Fits")]
    [InlineData("""{"not":{"$ref":"#/$defs/none"}}""", "{}", "Reference")]
    [InlineData("""{"requires":["a"]}""", "{}", "Keyword")]
    [InlineData("""{"unevaluatedProperties":false}""", """{"a":1}""", "Keyword")]
    [InlineData("""{"items":[{"type":"string"}]}""", "{}", "Keyword")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-04/schema#"}""", "{}", "Keyword")]
    [InlineData("""{"type":"objekt"}""", "{}", "NotSchema")]
    [InlineData("""{"required":"a"}""", "{}", "NotSchema")]
    [InlineData("""{"properties":{"a":{"maximum":1}}}""", """{"a":1e999999}""", "Number")]
    [InlineData("""{"properties":{"a":{"minLength":1}}}""", "{\"a\":\"\\ud800\"}", "NotUnicode")]
    [InlineData("false", "{}", "BreaksSchema arguments must not be there")]
    [InlineData("[]", "{}", "NotSchema")]
    public void Each_has_its_verdict(string schema, string arguments, string verdict) => Check(schema, arguments).ShouldBe(verdict);

    [Fact]
    public void Gemini_writes_types_in_capitals_and_counts_as_texts()
    {
        const string Schema =
            """{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},"""
            + """ "b":{"type":"ARRAY","maxItems":"1"}},"propertyOrdering":["a"]}""";
        Check(Schema, """{"a":null,"b":[1]}""", isOpenApi: true).ShouldBe("Fits");
        Check(Schema, """{"a":1}""", isOpenApi: true).ShouldStartWith("BreaksSchema arguments.a");
        Check(Schema, """{"b":[1,2]}""", isOpenApi: true).ShouldStartWith("BreaksSchema arguments.b");
        Check(Schema, "{}").ShouldBe("NotSchema");
    }

    [Fact]
    public void A_tool_without_a_schema_is_not_checked() =>
        ToolSchema.None.Check("{}"u8.ToArray(), TimeProvider.System).Verdict.ShouldBe(ToolVerdict.NoSchema);

    // A library that knows the whole of JSON Schema is the judge: whatever is told as known is what it says.
    [Fact]
    public void What_is_known_is_what_another_evaluator_says()
    {
        var known = 0;
        Gen.Select(Schemas(3), Schemas(0), Values(3))
            .Sample(
                pair =>
                {
                    var schema = $"{{\"properties\":{{\"v\":{pair.Item1}}},\"$defs\":{{\"x\":{pair.Item2}}}}}";
                    var value = $"{{\"v\":{pair.Item3}}}";
                    var ours = new ToolSchema(JsonElement.Parse(schema)).Check(Encoding.UTF8.GetBytes(value), TimeProvider.System).Verdict;
                    if (ours.IsUnchecked())
                        return;
                    var theirs = JsonSchema.FromText(schema, new BuildOptions { SchemaRegistry = new SchemaRegistry() });
                    using var document = JsonDocument.Parse(value);
                    Interlocked.Increment(ref known);
                    (ours == ToolVerdict.Fits).ShouldBe(theirs.Evaluate(document.RootElement).IsValid, $"{schema} {value}");
                },
                iter: 4000,
                threads: 1
            );
        // Where most is unknown, nothing is compared.
        known.ShouldBeGreaterThan(2000);
    }

    [Fact]
    public void A_keyword_that_is_not_listed_never_fits()
    {
        string[] listed =
        [
            "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems maxItems",
            "uniqueItems items prefixItems contains properties patternProperties additionalProperties propertyNames required minProperties",
            "maxProperties dependentRequired dependentSchemas allOf anyOf oneOf not if then else minContains maxContains title description",
            "default deprecated readOnly writeOnly examples example format contentEncoding contentMediaType contentSchema $schema $comment",
            "$anchor $defs definitions additionalItems unevaluatedItems $id $ref",
        ];
        var known = string.Join(' ', listed).Split(' ').ToHashSet();
        Gen.Select(Gen.Char["abcdefghijklmnopqrstuvwxyzABCDEIPR$_"].Array[1, 14], Gens.OneOf([.. known]), Gen.Int[0, 3])
            .Select(
                (letters, near, how) =>
                    how switch
                    {
                        0 => new string(letters),
                        1 => near.ToUpperInvariant(),
                        2 => near + letters[0],
                        _ => near[..^1],
                    }
            )
            .Where(name => !known.Contains(name))
            .Sample(name => Check($$$$"""{"{{{{name}}}}":{}}""", "{}").ShouldNotBe("Fits", name), threads: 1);
    }

    public static TheoryData<string, string, string> Hostile()
    {
        string Repeat(int times, Func<int, string> one) => string.Join(',', Enumerable.Range(0, times).Select(one));
        var doubling = Repeat(
            30,
            i => $$"""{"anyOf":[{"$ref":"#/$defs/d{{i + 1}}"},{"$ref":"#/$defs/d{{i + 1}}"}]}""".Insert(0, $"\"d{i}\":")
        );
        return new()
        {
            { """{"$ref":"#"}""", "{}", "TooDeep" },
            { """{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}""", "{}", "TooDeep" },
            { $$$$"""{"$ref":"#/$defs/d0","$defs":{{{{{doubling}}}},"d30":{"type":"string"}}}""", "{}", "TooMuchWork" },
            { """{"properties":{"a":{"pattern":"^(a+)+$"}}}""", $$"""{"a":"{{new string('a', 60_000)}}!"}""", "" },
            { """{"properties":{"a":{"pattern":"(a|b)*a(a|b){3000}c"}}}""", $$"""{"a":"{{new string('a', 60_000)}}"}""", "" },
            { $$$$"""{"properties":{"a":{"enum":[{{{{Repeat(40_000, i => i.ToString())}}}}]}}}""", """{"a":-1}""", "BreaksSchema" },
            { """{"properties":{"a":{"uniqueItems":true}}}""", $$"""{"a":[{{Repeat(40_000, i => i.ToString())}}]}""", "TooMuchWork" },
            {
                $$"""{"properties":{{{Repeat(12_000, i => $"\"p{i}\":true")}}},"additionalProperties":false}""",
                $$"""{{{Repeat(12_000, i => $"\"p{i}\":1")}}}""",
                "TooMuchWork"
            },
            { """{"items":{}}""", new string('[', 100_000), "" },
            { $"{{\"description\":\"{new string('x', ToolSchema.Longest)}\"}}", "{}", "TooLong" },
            { "{}", $"{{\"a\":\"{new string('x', ToolSchema.Longest)}\"}}", "TooLong" },
        };
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_is_hostile_ends_soon_and_never_fits(string schema, string arguments, string verdict)
    {
        var begun = Stopwatch.GetTimestamp();
        var found = Check(schema, arguments);
        // Without the bounds, most of these would take longer than anybody waits.
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        found.ShouldNotBe("Fits");
        found.ShouldStartWith(verdict);
    }

    private static string Check(string schema, string arguments, bool isOpenApi = false)
    {
        var check = new ToolSchema(JsonElement.Parse(schema), isOpenApi).Check(Encoding.UTF8.GetBytes(arguments), TimeProvider.System);
        return $"{check.Verdict} {check.Place} {check.Expected}".Trim();
    }

    private static Gen<string> Values(int depth)
    {
        var leaf = Gens.OneOf(
            "null",
            "true",
            "false",
            "0",
            "1",
            "1.0",
            "-2",
            "2.5",
            "1e2",
            "\"\"",
            "\"a\"",
            "\"ab\"",
            "\"1\"",
            "\"\\u00e9\""
        );
        if (depth == 0)
            return leaf;
        var inner = Values(depth - 1);
        return Gen.Frequency(
            (3, leaf),
            (2, inner.Array[0, 3].Select(all => $"[{string.Join(',', all)}]")),
            (
                3,
                Gen.Select(inner, inner, Gen.Int[0, 3])
                    .Select(
                        (a, b, which) =>
                            which == 0 ? "{}"
                            : which == 1 ? $"{{\"a\":{a}}}"
                            : which == 2 ? $"{{\"b\":{b}}}"
                            : $"{{\"a\":{a},\"b\":{b}}}"
                    )
            )
        );
    }

    private static Gen<string> Schemas(int depth)
    {
        var type = Gens.OneOf("null", "boolean", "integer", "number", "string", "array", "object");
        var leaf = Gen.OneOf(
            Gens.OneOf("true", "false", "{}"),
            type.Select(name => $"{{\"type\":\"{name}\"}}"),
            Gen.Select(type, type).Select((a, b) => a == b ? $"{{\"type\":\"{a}\"}}" : $"{{\"type\":[\"{a}\",\"{b}\"]}}"),
            Values(1).Select(value => $"{{\"const\":{value}}}"),
            Gen.Select(Values(0), Values(1)).Select((a, b) => $"{{\"enum\":[{a},{b}]}}"),
            Gen.Select(Gens.OneOf("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), Gens.OneOf("0", "1", "2.5"))
                .Select((name, limit) => $"{{\"{name}\":{limit}}}"),
            Gens.OneOf(
                """{"multipleOf":0.5}""",
                """{"multipleOf":2}""",
                """{"minLength":1}""",
                """{"maxLength":1}""",
                """{"pattern":"^a"}"""
            ),
            Gens.OneOf(
                """{"pattern":"^[a-z]{2}$"}""",
                """{"pattern":"\\d"}""",
                """{"minItems":1}""",
                """{"maxItems":1}""",
                """{"uniqueItems":true}"""
            ),
            Gens.OneOf("""{"required":["a"]}""", """{"required":["a","b"]}""", """{"minProperties":1}""", """{"maxProperties":1}"""),
            Gens.OneOf(
                """{"dependentRequired":{"a":["b"]}}""",
                """{"propertyNames":{"const":"a"}}""",
                """{"propertyNames":{"minLength":1}}"""
            )
        );
        if (depth == 0)
            return leaf;
        var inner = Schemas(depth - 1);
        return Gen.Frequency(
            (2, leaf),
            (1, Gen.Select(Gens.OneOf("allOf", "anyOf", "oneOf"), inner, inner).Select((name, a, b) => $"{{\"{name}\":[{a},{b}]}}")),
            (1, inner.Select(a => $"{{\"not\":{a}}}")),
            (1, Gen.Select(inner, inner, inner).Select((a, b, c) => $"{{\"if\":{a},\"then\":{b},\"else\":{c}}}")),
            (1, Gen.Select(inner, inner).Select((a, b) => $"{{\"properties\":{{\"a\":{a}}},\"additionalProperties\":{b}}}")),
            (1, Gen.Select(inner, inner).Select((a, b) => $"{{\"patternProperties\":{{\"^a\":{a}}},\"additionalProperties\":{b}}}")),
            (1, Gen.Select(inner, inner).Select((a, b) => $"{{\"prefixItems\":[{a}],\"items\":{b}}}")),
            (
                1,
                Gen.Select(inner, Gen.Int[0, 2], Gen.Int[1, 2])
                    .Select((a, min, max) => $"{{\"contains\":{a},\"minContains\":{min},\"maxContains\":{max}}}")
            ),
            (1, inner.Select(a => $"{{\"dependentSchemas\":{{\"a\":{a}}}}}")),
            (1, Gen.Const("""{"$ref":"#/$defs/x"}""")),
            (1, Gen.Select(inner, leaf).Select((a, b) => Merge(a, b)))
        );
    }

    private static string Merge(string first, string second)
    {
        if (JsonNode.Parse(first) is not JsonObject left || JsonNode.Parse(second) is not JsonObject right)
            return first;
        foreach (var (name, value) in right)
            left[name] = value?.DeepClone();
        return left.ToJsonString();
    }
}
