using AgentReadiness.Samples;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The official Anthropic client before the sample provider.</summary>
public class AnthropicTests : ProviderTests
{
    private const string Claude = "claude-haiku-4-5";

    [Fact]
    public async Task A_message_says_what_it_cost()
    {
        await using var source = await StartAsync();
        var message = await source.Anthropic.Messages.Create(
            Ask("Hello [[cached=30]][[cache_write=20]][[cache_write_1h=10]][[thinking=6]][[web_search=3]][[tier=priority]]")
        );

        var billed = await source.BilledAsync();
        var usage = message.Usage;
        (usage.InputTokens + usage.CacheReadInputTokens + usage.CacheCreationInputTokens).ShouldBe(billed.Input);
        usage.CacheCreation!.Ephemeral1hInputTokens.ShouldBe(10);
        usage.CacheCreation.Ephemeral5mInputTokens.ShouldBe(20);
        usage.OutputTokens.ShouldBe(billed.Output);
        usage.OutputTokensDetails!.ThinkingTokens.ShouldBe(6);
        usage.ServerToolUse!.WebSearchRequests.ShouldBe(3);
        billed.ShouldBe(
            billed with
            {
                Endpoint = "messages",
                Model = Claude,
                CacheRead = 30,
                CacheWrite5m = 20,
                CacheWrite1h = 10,
                WebSearches = 3,
                Completed = true,
                Tier = "priority",
            }
        );
        message.Content[0].TryPickThinking(out _).ShouldBeTrue();
        message.Content.Count(block => block.TryPickWebSearchToolResult(out _)).ShouldBe(3);
        message.Content[^1].TryPickText(out var text).ShouldBeTrue();
        billed.Output.ShouldBe(6 + SampleUsage.Tokens(text!.Text));
        source.Witness.Last("messages")!.Headers["anthropic-version"].ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("[[crlf]][[nospace]][[comments]]")]
    [InlineData("[[bytewise]]")]
    [InlineData("[[big_event=96]][[empty_events=data]]")]
    public async Task A_stream_counts_up_to_the_last_usage(string framing)
    {
        await using var source = await StartAsync();
        var (start, end, text) = await StreamAsync(source, Ask($"Hello [[cached=30]][[thinking=6]][[web_search=1]]{framing}"));

        var billed = await source.BilledAsync();
        start.OutputTokens.ShouldBe(1);
        (start.InputTokens + start.CacheReadInputTokens).ShouldBe(billed.Input);
        end.OutputTokens.ShouldBe(billed.Output);
        end.InputTokens.ShouldBeNull();
        end.ServerToolUse!.WebSearchRequests.ShouldBe(1);
        billed.Output.ShouldBe(6 + SampleUsage.Tokens(text));
    }

    [Fact]
    public async Task A_stream_corrects_its_input()
    {
        await using var source = await StartAsync();
        var (start, end, _) = await StreamAsync(source, Ask(new string('x', 4000) + "[[correct_input=33]][[cached=500]]"));

        start.InputTokens.ShouldBeGreaterThan(1000);
        start.CacheReadInputTokens.ShouldBe(0);
        end.InputTokens.ShouldBe(33);
        end.CacheReadInputTokens.ShouldBe(500);
        var billed = await source.BilledAsync();
        (billed.Input, billed.CacheRead).ShouldBe((533, 500));
    }

    [Fact]
    public async Task The_limit_ends_an_answer()
    {
        await using var source = await StartAsync();
        var message = await source.Anthropic.Messages.Create(Ask("Hello [[tokens=90]]", limit: 20));
        message.StopReason!.Raw().ShouldBe("max_tokens");
        (await source.BilledAsync()).Output.ShouldBe(20);

        var lying = await source.Anthropic.Messages.Create(Ask("Hello [[tokens=90]][[overshoot=15]]", limit: 20));
        lying.Usage.OutputTokens.ShouldBe(35);
        (await source.BilledAsync(2)).Output.ShouldBe(35);
    }

    [Fact]
    public async Task A_tool_is_called_and_answered()
    {
        await using var source = await StartAsync();
        var asked = Ask("Where is order #1001?") with
        {
            System = "Use the tool.",
            Tools = [new Tool { Name = "lookup_order", InputSchema = new InputSchema() }],
        };
        var message = await source.Anthropic.Messages.Create(asked);
        message.StopReason!.Raw().ShouldBe("tool_use");
        message.Content[0].TryPickToolUse(out var use).ShouldBeTrue();
        use!.Input["order_id"].GetString().ShouldBe("#1001");

        var partial = "";
        await foreach (var e in source.Anthropic.Messages.CreateStreaming(asked))
            if (e.TryPickContentBlockDelta(out var delta) && delta!.Delta.TryPickInputJson(out var json))
                partial += json!.PartialJson;
        partial.ShouldBe("""{"order_id":"#1001"}""");
    }

    [Fact]
    public async Task Counting_is_free_and_right()
    {
        await using var source = await StartAsync();
        var count = await source.Anthropic.Messages.CountTokens(
            new MessageCountTokensParams { Model = Claude, Messages = [new UserMessageParam("Hello there")] }
        );
        await source.Anthropic.Messages.Create(Ask("Hello there"));

        (await source.BilledAsync()).Input.ShouldBe(count.InputTokens);
        (await source.Anthropic.Models.List()).Items.Select(model => model.ID).ShouldContain(Claude);
        source.Witness.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Errors_have_their_types()
    {
        await using var source = await StartAsync();
        await Should.ThrowAsync<AnthropicOverloadedException>(() => source.Anthropic.Messages.Create(Ask("[[status=529]]")));
        await Should.ThrowAsync<AnthropicRateLimitException>(() =>
            source.Anthropic.Messages.Create(Ask("[[status=429]][[retry_after=7]]"))
        );
        await Should.ThrowAsync<AnthropicSseException>(() => StreamAsync(source, Ask("Hello [[failed]]")));
        source.Witness.Total(completed: true).Calls.ShouldBe(1);
    }

    [Fact]
    public async Task A_failure_passes_and_is_retried()
    {
        await using var source = await StartAsync();
        var patient = source.Anthropic.WithOptions(o => o with { MaxRetries = 3 });
        await patient.Messages.Create(Ask("Hello [[fail_first=2]][[status=529]][[retry_after=0]]"));

        source.Witness.Refused.ShouldBe(2);
        await source.BilledAsync();
        source.Witness.Calls.Count.ShouldBe(1);
    }

    private static MessageCreateParams Ask(string text, int limit = 1000) =>
        new()
        {
            Model = Claude,
            MaxTokens = limit,
            Messages = [new UserMessageParam(text)],
        };

    private static async Task<(Usage Start, MessageDeltaUsage End, string Text)> StreamAsync(Source source, MessageCreateParams asked)
    {
        Usage? start = null;
        MessageDeltaUsage? end = null;
        var text = "";
        await foreach (var e in source.Anthropic.Messages.CreateStreaming(asked))
        {
            if (e.TryPickStart(out var started))
                start = started!.Message.Usage;
            if (e.TryPickDelta(out var ended))
                end = ended!.Usage;
            if (e.TryPickContentBlockDelta(out var delta) && delta!.Delta.TryPickText(out var piece))
                text += piece!.Text;
        }
        return (start!, end!, text);
    }
}
