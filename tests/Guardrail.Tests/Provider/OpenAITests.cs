using System.ClientModel;
using AgentReadiness.Samples;
using OpenAI.Chat;
using OpenAI.Responses;

#pragma warning disable OPENAI001 // Responses and models are for evaluation only, says the client.

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The official OpenAI client before the sample provider: what it reads is what was billed.</summary>
public class OpenAITests : ProviderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("[[crlf]]")]
    [InlineData("[[nospace]]")]
    [InlineData("[[comments]]")]
    [InlineData("[[crlf]][[nospace]][[comments]][[empty_events]][[bytewise]]")]
    [InlineData("[[big_event=96]]")]
    public async Task Chat_streams_in_every_framing(string framing)
    {
        await using var source = await StartAsync();
        var text = "";
        ChatTokenUsage? usage = null;
        await foreach (
            var update in source
                .OpenAI.GetChatClient(Source.Model)
                .CompleteChatStreamingAsync([
                    new UserChatMessage($"Hello [[thinking=7]][[cached=3]][[audio_in=2]][[cache_write=1]]{framing}"),
                ])
        )
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
        }

        text.ShouldStartWith("Hello! How can I help");
        var billed = await source.BilledAsync();
        usage!.InputTokenCount.ShouldBe((int)billed.Input);
        usage.OutputTokenCount.ShouldBe((int)billed.Output);
        usage.OutputTokenDetails.ReasoningTokenCount.ShouldBe(7);
        usage.InputTokenDetails.CachedTokenCount.ShouldBe(3);
        usage.InputTokenDetails.AudioTokenCount.ShouldBe(2);
        billed.ShouldBe(
            billed with
            {
                Endpoint = "chat",
                Model = Source.Model,
                CacheRead = 3,
                CacheWrite5m = 1,
                CacheWrite1h = 0,
                AudioIn = 2,
                Completed = true,
                Tier = "default",
            }
        );
        billed.Output.ShouldBe(SampleUsage.Tokens(text) + 7);
    }

    [Theory]
    [InlineData(false, "completed")]
    [InlineData(true, "completed")]
    [InlineData(false, "incomplete")]
    [InlineData(true, "incomplete")]
    public async Task Responses_say_what_they_cost(bool stream, string end)
    {
        await using var source = await StartAsync();
        var options = new CreateResponseOptions(
            Source.Model,
            [ResponseItem.CreateUserMessageItem("Hello [[tokens=40]][[thinking=5]][[web_search=2]][[cached=4]][[crlf]]")]
        )
        {
            Instructions = "Be kind.",
            MaxOutputTokenCount = end == "incomplete" ? 16 : 100,
        };
        var response = stream
            ? await StreamAsync(source.OpenAI.GetResponsesClient(), options)
            : (await source.OpenAI.GetResponsesClient().CreateResponseAsync(options)).Value;

        response.Status.ShouldBe(end == "incomplete" ? ResponseStatus.Incomplete : ResponseStatus.Completed);
        response.OutputItems.OfType<WebSearchCallResponseItem>().Count().ShouldBe(2);
        response.OutputItems.OfType<ReasoningResponseItem>().ShouldHaveSingleItem();
        var billed = await source.BilledAsync();
        billed.ShouldBe(
            billed with
            {
                Endpoint = "responses",
                CacheRead = 4,
                WebSearches = 2,
                Output = end == "incomplete" ? 16 : 45,
                Completed = true,
            }
        );
        response.Usage.InputTokenCount.ShouldBe((int)billed.Input);
        response.Usage.OutputTokenCount.ShouldBe((int)billed.Output);
        response.Usage.OutputTokenDetails.ReasoningTokenCount.ShouldBe(5);
        response.Usage.InputTokenDetails.CachedTokenCount.ShouldBe(4);
        response.GetOutputText().Length.ShouldBe(((int)billed.Output - 5) * 4);
        if (end == "incomplete")
            response.IncompleteStatusDetails.Reason.ShouldBe(ResponseIncompleteStatusReason.MaxOutputTokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_call_a_tool_and_go_on_from_a_stored_one(bool stream)
    {
        await using var source = await StartAsync();
        var client = source.OpenAI.GetResponsesClient();
        var options = new CreateResponseOptions(Source.Model, [ResponseItem.CreateUserMessageItem("Where is order #1001?")])
        {
            Instructions = "Use the tool.",
        };
        options.Tools.Add(
            ResponseTool.CreateFunctionTool("lookup_order", BinaryData.FromString("""{"type":"object"}"""), strictModeEnabled: false)
        );
        var response = stream ? await StreamAsync(client, options) : (await client.CreateResponseAsync(options)).Value;
        var call = response.OutputItems.OfType<FunctionCallResponseItem>().ShouldHaveSingleItem();
        call.FunctionArguments.ToString().ShouldBe("""{"order_id":"#1001"}""");

        var next = new CreateResponseOptions(
            Source.Model,
            [ResponseItem.CreateFunctionCallOutputItem(call.CallId, "order #1001 is delivered")]
        )
        {
            PreviousResponseId = response.Id,
        };
        var answer = (await client.CreateResponseAsync(next)).Value;
        answer.GetOutputText().ShouldBe("According to our records: order #1001 is delivered");
        answer.Usage.InputTokenCount.ShouldBeGreaterThan(response.Usage.TotalTokenCount);
        (await source.BilledAsync(2)).Input.ShouldBe(answer.Usage.InputTokenCount);
    }

    [Fact]
    public async Task A_background_response_says_its_usage_when_it_is_read()
    {
        await using var source = await StartAsync();
        var client = source.OpenAI.GetResponsesClient();
        var options = new CreateResponseOptions(Source.Model, [ResponseItem.CreateUserMessageItem("Hello [[reads=2]][[tokens=30]]")])
        {
            BackgroundModeEnabled = true,
        };
        var queued = (await client.CreateResponseAsync(options)).Value;
        queued.Status.ShouldBe(ResponseStatus.Queued);
        queued.Usage.ShouldBeNull();
        var billed = await source.BilledAsync();
        for (var read = 0; read < 2; read++)
            (await client.GetResponseAsync(queued.Id)).Value.Status.ShouldBe(ResponseStatus.InProgress);
        var done = (await client.GetResponseAsync(queued.Id)).Value;
        done.Status.ShouldBe(ResponseStatus.Completed);
        done.Usage.OutputTokenCount.ShouldBe(30);
        billed.Output.ShouldBe(30);

        (await client.DeleteResponseAsync(queued.Id)).Value.Deleted.ShouldBeTrue();
        (await Should.ThrowAsync<ClientResultException>(() => client.GetResponseAsync(queued.Id))).Status.ShouldBe(404);
        source.Witness.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_cancelled_background_response_is_billed_by_half()
    {
        await using var source = await StartAsync();
        var client = source.OpenAI.GetResponsesClient();
        var options = new CreateResponseOptions(Source.Model, [ResponseItem.CreateUserMessageItem("Hello [[tokens=30]]")])
        {
            BackgroundModeEnabled = true,
        };
        var queued = (await client.CreateResponseAsync(options)).Value;
        await source.BilledAsync();
        var cancelled = (await client.CancelResponseAsync(queued.Id)).Value;
        cancelled.Status.ShouldBe(ResponseStatus.Cancelled);
        cancelled.Usage.ShouldBeNull();

        source.Witness.Calls.ShouldHaveSingleItem().Output.ShouldBe(15);
        source.Witness.Total(completed: true).ShouldBe(default);
        source.Witness.Total(completed: false).Completion.ShouldBe(15);
    }

    [Fact]
    public async Task A_failed_stream_ends_with_its_failure()
    {
        await using var source = await StartAsync();
        var options = new CreateResponseOptions(Source.Model, [ResponseItem.CreateUserMessageItem("Hello [[failed]]")])
        {
            StreamingEnabled = true,
        };
        (await StreamAsync(source.OpenAI.GetResponsesClient(), options)).Status.ShouldBe(ResponseStatus.Failed);
    }

    [Fact]
    public async Task Embeddings_come_as_base64_and_are_billed()
    {
        await using var source = await StartAsync();
        var client = source.OpenAI.GetEmbeddingClient("text-embedding-3-small");
        var first = (await client.GenerateEmbeddingsAsync(["one text", "another"])).Value;
        var again = (await client.GenerateEmbeddingAsync("another")).Value;

        first.Count.ShouldBe(2);
        first[1].ToFloats().ToArray().ShouldBe(again.ToFloats().ToArray());
        first[0].ToFloats().Length.ShouldBe(1536);
        first.Usage.InputTokenCount.ShouldBe(4);
        source.Witness.Last("embeddings")!.Body.ShouldContain((byte)'b');
        System.Text.Encoding.UTF8.GetString(source.Witness.Last("embeddings")!.Body).ShouldContain("\"encoding_format\":\"base64\"");
        await source.BilledAsync(2);
        source
            .Witness.Calls[0]
            .ShouldBe(source.Witness.Calls[0] with { Endpoint = "embeddings", Model = "text-embedding-3-small", Input = 4, Output = 0 });
    }

    [Fact]
    public async Task Models_are_listed()
    {
        await using var source = await StartAsync();
        var client = source.OpenAI.GetOpenAIModelClient();
        (await client.GetModelsAsync()).Value.Select(model => model.Id).ShouldContain(Source.Model);
        (await client.GetModelAsync("text-embedding-3-small")).Value.OwnedBy.ShouldBe("sample");
        (await Should.ThrowAsync<ClientResultException>(() => client.GetModelAsync("no-such-model"))).Status.ShouldBe(404);
        source.Witness.Calls.ShouldBeEmpty();
    }

    private static async Task<ResponseResult> StreamAsync(ResponsesClient client, CreateResponseOptions options)
    {
        options.StreamingEnabled = true;
        ResponseResult? last = null;
        var next = 0;
        var text = "";
        await foreach (var update in await client.CreateResponseStreamingAsync(options))
        {
            update.SequenceNumber.ShouldBeGreaterThanOrEqualTo(next);
            next = update.SequenceNumber + 1;
            text += update is StreamingResponseOutputTextDeltaUpdate delta ? delta.Delta : "";
            last = update switch
            {
                StreamingResponseCompletedUpdate completed => completed.Response,
                StreamingResponseIncompleteUpdate incomplete => incomplete.Response,
                StreamingResponseFailedUpdate failed => failed.Response,
                _ => last,
            };
        }
        if (last!.Status != ResponseStatus.Failed)
            text.ShouldBe(last.GetOutputText() ?? "");
        return last;
    }
}
