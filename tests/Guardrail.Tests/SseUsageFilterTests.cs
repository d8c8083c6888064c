using System.Text;
using AgentReadiness.Pricing;
using Shouldly;
using Xunit;

namespace AgentReadiness.Guardrail.Tests;

public sealed class SseUsageFilterTests
{
    private const string First = "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"\\n\\n\"}}],\"usage\":null}\n\n";
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
        var hidden = (First + Comment + Done).Replace("\n", newline, StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            foreach (var hide in new[] { true, false })
            {
                var facts = new ResponseFacts(UsageApi.Chat);
                var filter = new SseUsageFilter(facts, hide);
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
        var filter = new SseUsageFilter(new ResponseFacts(UsageApi.Chat), hideUsage: true);
        var bytes = Encoding.UTF8.GetBytes(First + First);
        var lengths = bytes.Select(b => Take(filter, [b]).Length).ToList();
        lengths.FindIndex(l => l > 0).ShouldBe(First.Length - 1);
        lengths[^1].ShouldBe(First.Length);
    }

    [Fact]
    public void Usage_beside_choices_is_shown_and_not_final()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true);
        var text = "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n";
        Take(filter, Encoding.UTF8.GetBytes(text)).ShouldBe(text);
        facts.Usage.ShouldNotBeNull();
        facts.IsFinal.ShouldBeFalse();
    }

    [Fact]
    public void Several_data_lines_are_one_text()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true);
        Take(filter, "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n"u8.ToArray()).ShouldBe("");
        facts.Usage.ShouldBe(new TokenUsage(7, 0, 0, 1));
    }

    [Fact]
    public void An_endless_event_passes_unread_and_holds_no_memory()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        var filter = new SseUsageFilter(facts, hideUsage: true, longestEvent: 100);
        var text = "data: {\"x\":\"" + new string('y', 300) + "\"}\n\n" + UsageChunk;
        var seen = string.Concat(Encoding.UTF8.GetBytes(text).Chunk(64).Select(c => Take(filter, c))) + Rest(filter);
        seen.ShouldStartWith("data: {\"x\":\"yyy");
        filter.Overflowed.ShouldBeTrue();
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
