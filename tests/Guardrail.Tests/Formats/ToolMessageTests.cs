using AgentReadiness.Guardrail.Formats;
using CsCheck;
using Microsoft.AspNetCore.Http;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Formats;

/// <summary>The list of tools cannot be passed by another spelling of a message.</summary>
public sealed class ToolMessageTests
{
    [Theory]
    [InlineData("""{"method":"tools/list","Method":"tools/call","params":{"name":"delete_all"}}""", "ambiguous_parameter")]
    [InlineData("""{"method":"tools/list","method":"tools/call","params":{"name":"delete_all"}}""", "duplicate_parameter")]
    [InlineData("""{"method":"tools/list","params":{"name":"a"},"PARAMS":{"name":"delete_all"}}""", "ambiguous_parameter")]
    [InlineData("""{"method":"Tools/Call","params":{"name":"delete_all"}}""", "ambiguous_parameter")]
    [InlineData("""{"method":" tools/call\u0000","params":{"name":"delete_all"}}""", "ambiguous_parameter")]
    [InlineData("""{"method":"tools/call","params":{"name":"a","Name":"delete_all"}}""", "ambiguous_parameter")]
    [InlineData("""{"method":"tools/call","params":{"name":"a","n\u0061me":"delete_all"}}""", "duplicate_parameter")]
    [InlineData("""{"method":"tools/call","params":{"name":"a","arguments":{},"Arguments":{}}}""", "ambiguous_parameter")]
    [InlineData("""{"method":"tools/call","params":{"name":["delete_all"]}}""", "invalid_params")]
    [InlineData("""{"method":"tools/call","params":[]}""", "invalid_params")]
    [InlineData("""{"method":["tools/call"],"params":{"name":"delete_all"}}""", "invalid_request")]
    [InlineData("""[{"method":"tools/call","params":{"name":"delete_all"}}]""", "batch_not_supported")]
    public void What_servers_could_read_in_two_ways_is_refused(string text, string code)
    {
        ToolMessage.Read(Encoding.UTF8.GetBytes(text), out var error).ShouldBeNull();
        error!.Code.ShouldBe(code);
    }

    [Fact]
    public void A_long_name_is_refused_without_being_read()
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"method":"tools/call","params":{"name":"{{{new string('a', 5_000_000)}}}"}}""");
        ToolMessage.Read(body, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ToolMessage.Read(body, out var error).ShouldBeNull();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000);
        error!.Code.ShouldBe("invalid_params");
        ToolMessage.Read(Encoding.UTF8.GetBytes($$"""{"method":"{{new string('a', 5_000_000)}}"}"""), out error).ShouldBeNull();
        error!.Code.ShouldBe("invalid_request");
    }

    // A server that takes keys without case, with underscores, the first or the last of several: each such reading of what passes must call
    // no other tool than the one that was seen here.
    [Fact]
    public void No_reading_of_a_message_that_passes_calls_another_tool()
    {
        var spelling = Gen.Select(OneOf("method", "params", "name", "id", "jsonrpc", "arguments"), Gen.Int[0, 7])
            .Select((word, how) => Spell(word, how));
        var method = OneOf("tools/call", "tools/list", "Tools/call", "TOOLS/CALL", " tools/call", "ping");
        var tool = OneOf("search", "delete_all");
        var member = Gen.Select(spelling, method, tool, Gen.Int[0, 3])
            .Select(parts => Member(parts.Item1, parts.Item2, parts.Item3, parts.Item4));
        var passed = 0;
        member
            .Array[0, 6]
            .Sample(
                members =>
                {
                    var text = "{" + string.Join(',', members) + "}";
                    if (ToolMessage.Read(Encoding.UTF8.GetBytes(text), out _) is not { } seen)
                        return;
                    Interlocked.Increment(ref passed);
                    foreach (var (readMethod, readTool) in Readings(text))
                    {
                        if (readMethod.Trim().Equals(ToolMessage.Call, StringComparison.OrdinalIgnoreCase))
                            (seen.IsCall, seen.Tool).ShouldBe((true, readTool), text);
                    }
                },
                iter: 50_000
            );
        passed.ShouldBeGreaterThan(1000);
    }

    [Theory]
    [InlineData("search", true)]
    [InlineData("=?base64?c2VhcmNo?=", true)]
    [InlineData("=?BASE64?c2VhcmNo?=", true)]
    [InlineData("=?base64?ZGVsZXRl?=", false)]
    [InlineData("=?base64?!!?=", false)]
    [InlineData("Search", false)]
    public void The_name_in_the_header_is_decoded_before_it_is_compared(string header, bool same)
    {
        var message = ToolMessage.Read("""{"id":1,"method":"tools/call","params":{"name":"search"}}"""u8, out _)!;
        var headers = new HeaderDictionary { ["Mcp-Method"] = "tools/call", ["Mcp-Name"] = header };
        (message.Mismatch(headers) is null).ShouldBe(same);
    }

    private static string Spell(string word, int how) =>
        how switch
        {
            0 => word.ToUpperInvariant(),
            1 => char.ToUpperInvariant(word[0]) + word[1..],
            2 => word[..2] + "_" + word[2..],
            3 => $"\\u{(int)word[0]:x4}{word[1..]}",
            4 => word + " ",
            _ => word,
        };

    private static string Member(string key, string method, string tool, int how) =>
        how switch
        {
            0 => $"\"{key}\":\"{method}\"",
            1 => $"\"{key}\":{{\"name\":\"{tool}\"}}",
            2 => $"\"{key}\":{{\"name\":\"search\",\"Name\":\"{tool}\"}}",
            _ => $"\"{key}\":1",
        };

    private static IEnumerable<(string Method, string Tool)> Readings(string text)
    {
        using var document = JsonDocument.Parse(text);
        foreach (var (ignoreCase, last) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            var method = Find(document.RootElement, "method", ignoreCase, last);
            var name = Find(document.RootElement, "params", ignoreCase, last) is { } given ? Find(given, "name", ignoreCase, last) : null;
            if (method is { ValueKind: JsonValueKind.String } && name is { ValueKind: JsonValueKind.String })
                yield return (method.Value.GetString()!, name.Value.GetString()!);
        }
    }

    private static JsonElement? Find(JsonElement of, string key, bool ignoreCase, bool last)
    {
        if (of.ValueKind != JsonValueKind.Object)
            return null;
        var found = of.EnumerateObject()
            .Where(one => ignoreCase ? Fold(one.Name) == key : one.Name == key)
            .Select(one => (JsonElement?)one.Value)
            .ToList();
        return last ? found.LastOrDefault() : found.FirstOrDefault();
    }

    private static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
