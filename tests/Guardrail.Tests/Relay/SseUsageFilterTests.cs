using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Tests;

public sealed class SseUsageFilterTests
{
    private const string First =
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"\\n\\n\"}}],\"usage\":null}\n\n";
    private const string FirstShown = "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"\\n\\n\"}}]}\n\n";
    private const string Comment = ": keep-alive\n\n";
    private const string UsageChunk = "data: {\"id\":\"c1\",\"choices\":[ ],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n";
    private const string Done = "data: [DONE]\n\n";

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Cut_anywhere_the_result_is_the_same(string newline)
    {
        var text = (First + Comment + UsageChunk + Done).Replace("\n", newline, StringComparison.Ordinal);
        var hidden = (FirstShown + Comment + Done).Replace("\n", newline, StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            foreach (var hide in new[] { true, false })
            {
                var facts = new ResponseFacts(UsageApi.Chat);
                var filter = new SseUsageFilter(facts, hide, BodyMemory.Unbounded);
                var seen = Take(filter, bytes[..cut]) + Take(filter, bytes[cut..]) + Rest(filter);
                seen.ShouldBe(hide ? hidden : text, $"cut at {cut}");
                facts.Usage.ShouldBe(new TokenUsage(7, 0, 0, 3));
                facts.IsFinal.ShouldBeTrue();
                (facts.Id, facts.Model, filter.Done).ShouldBe(("c1", "m", true));
            }
        }
    }

    [Fact]
    public void Byte_by_byte_events_come_out_as_soon_as_they_are_complete()
    {
        var filter = new SseUsageFilter(new ResponseFacts(UsageApi.Chat), hideUsage: true, BodyMemory.Unbounded);
        var bytes = Encoding.UTF8.GetBytes(First + First);
        var lengths = bytes.Select(b => Take(filter, [b]).Length).ToList();
        lengths.FindIndex(l => l > 0).ShouldBe(First.Length - 1);
        lengths[^1].ShouldBe(FirstShown.Length);
    }

    [Theory]
    [InlineData("""{"a":1,"usage":null}""", """{"a":1}""")]
    [InlineData("""{"a":1,"usage":null,"b":2}""", """{"a":1,"b":2}""")]
    [InlineData("""{"usage":null,"a":1}""", """{"a":1}""")]
    [InlineData("""{"usage":null}""", "{}")]
    [InlineData("""{ "a" : 1 , "usage" : null }""", """{ "a" : 1  }""")]
    [InlineData("""{ "usage" : null , "a" : 1 }""", """{ "a" : 1 }""")]
    [InlineData("{\"a\":1,\t\"usage\"\t:\tnull\t,\"b\":2}", "{\"a\":1\t,\"b\":2}")]
    [InlineData("""{"a":1,"\u0075sage":null}""", """{"a":1}""")]
    [InlineData("""{"a":"ü€😀","usage":null,"b":"ü"}""", """{"a":"ü€😀","b":"ü"}""")]
    public void A_null_that_nobody_asked_for_is_taken_out(string data, string shown)
    {
        Shown($"data: {data}\n\n").ShouldBe($"data: {shown}\n\n");
        Shown($"data:{data}\r\n\r\n").ShouldBe($"data:{shown}\r\n\r\n");
        Shown($"event: x\nid: 7\ndata: {data}\nretry: 5\n\n: more\n\n").ShouldBe($"event: x\nid: 7\ndata: {shown}\nretry: 5\n\n: more\n\n");
        // Without its blank line at the end, too.
        Shown($"data: {data}").ShouldBe($"data: {shown}");
        Shown($"data: {data}\n\n", hide: false).ShouldBe($"data: {data}\n\n");
    }

    [Theory]
    [InlineData("""{"choices":[{"usage":null}],"a":{"usage":null}}""")]
    [InlineData("""{"a":",\"usage\":null"}""")]
    [InlineData("""{"usages":null,"Usage":null,"x_usage":null}""")]
    [InlineData("""{"usage":{"prompt_tokens":7,"completion_tokens":1},"choices":[{}]}""")]
    [InlineData("""{"usage":0}""")]
    [InlineData("""{"usage":"null"}""")]
    [InlineData("""{"usage":[null]}""")]
    [InlineData("""[{"usage":null}]""")]
    [InlineData("""{"usage":null""")]
    [InlineData("""{"usage":null,}""")]
    [InlineData("null")]
    public void What_is_no_null_of_the_chunk_itself_is_left_alone(string data) => Shown($"data: {data}\n\n").ShouldBe($"data: {data}\n\n");

    [Theory]
    [InlineData("data: {\"a\":1,\ndata: \"usage\":null}\n\n", "data: {\"a\":1}\n\n")]
    [InlineData("data: {\"usage\":null,\r\ndata:\"a\":1}\r\n\r\n", "data: {\"a\":1}\r\n\r\n")]
    [InlineData("data: {\ndata: \"a\":1, \"usage\"\ndata: :null\ndata: , \"b\":2}\n\n", "data: {\ndata: \"a\":1\ndata: , \"b\":2}\n\n")]
    public void In_several_data_lines_it_is_taken_out_too(string text, string shown) => Shown(text).ShouldBe(shown);

    [Fact]
    public void What_is_looked_for_and_taken_out_costs_no_memory()
    {
        var (plain, chunk) = (Encoding.UTF8.GetBytes(FirstShown), Encoding.UTF8.GetBytes(First));
        long Allocated(byte[] bytes, bool hide)
        {
            var filter = new SseUsageFilter(new ResponseFacts(UsageApi.Chat), hide, BodyMemory.Unbounded);
            var before = 0L;
            for (var i = 0; i < 101; i++)
            {
                if (i == 1)
                    before = GC.GetAllocatedBytesForCurrentThread();
                filter.Append(bytes);
                while (filter.TryTake(out _, out _)) { }
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Allocated(plain, hide: true).ShouldBe(Allocated(plain, hide: false));
        Allocated(chunk, hide: true).ShouldBe(Allocated(plain, hide: false));
    }

    [Fact]
    public void Usage_beside_choices_is_shown_and_not_final()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true, BodyMemory.Unbounded);
        var text = "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n";
        Take(filter, Encoding.UTF8.GetBytes(text)).ShouldBe(text);
        facts.Usage.ShouldNotBeNull();
        facts.IsFinal.ShouldBeFalse();
    }

    [Fact]
    public void Several_data_lines_are_one_text()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true, BodyMemory.Unbounded);
        Take(filter, "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n"u8.ToArray()).ShouldBe("");
        facts.Usage.ShouldBe(new TokenUsage(7, 0, 0, 1));
    }

    [Fact]
    public void An_endless_event_passes_unread_and_holds_no_memory()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true, BodyMemory.Unbounded, longestEvent: 100);
        var text = "data: {\"x\":\"" + new string('y', 300) + "\"}\n\n" + UsageChunk;
        var seen = string.Concat(Encoding.UTF8.GetBytes(text).Chunk(64).Select(c => Take(filter, c))) + Rest(filter);
        seen.ShouldStartWith("data: {\"x\":\"yyy");
        filter.Overflowed.ShouldBeTrue();
    }

    private static string Shown(string text, bool hide = true)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var whole = new SseUsageFilter(new ResponseFacts(UsageApi.Chat), hide, BodyMemory.Unbounded);
        var seen = Take(whole, bytes) + Rest(whole);
        var bytewise = new SseUsageFilter(new ResponseFacts(UsageApi.Chat), hide, BodyMemory.Unbounded);
        (string.Concat(bytes.Select(b => Take(bytewise, [b]))) + Rest(bytewise)).ShouldBe(seen);
        return seen;
    }

    private static string Take(SseUsageFilter filter, byte[] bytes)
    {
        var seen = new StringBuilder();
        filter.Append(bytes);
        while (filter.TryTake(out var piece, out var show))
        {
            if (show)
                seen.Append(Encoding.UTF8.GetString(piece.Span));
        }
        return seen.ToString();
    }

    private static string Rest(SseUsageFilter filter) =>
        filter.TryTakeRest(out var bytes, out var show) && show ? Encoding.UTF8.GetString(bytes.Span) : "";
}
