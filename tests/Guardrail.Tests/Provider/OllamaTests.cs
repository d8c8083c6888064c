using System.Net;
using OllamaSharp;
using OllamaSharp.Models.Chat;
using OllamaSharp.Models.Exceptions;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The OllamaSharp client, which speaks Ollama's own API alone, before the sample provider.</summary>
public class OllamaTests : ProviderTests
{
    private const string Model = "llama3.2";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_chat_is_answered(bool stream)
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        var (text, pieces) = ("", 0);
        ChatDoneResponseStream? done = null;
        await foreach (var piece in client.ChatAsync(Ask("[[tokens=60]]", stream)))
        {
            text += piece!.Message.Content;
            pieces++;
            done = piece as ChatDoneResponseStream ?? done;
        }
        text.Length.ShouldBe(240);
        pieces.ShouldBe(stream ? 16 : 1);
        done!.EvalCount.ShouldBe(60);
        done.DoneReason.ShouldBe("stop");
        source.Witness.Last("ollama")!.Target.ShouldBe("/api/chat");
    }

    [Fact]
    public async Task A_stream_comes_as_it_is_written()
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var stream = client.ChatAsync(Ask("[[tokens=60]][[stall]]"), patience.Token).GetAsyncEnumerator(patience.Token);
        // The rest never comes.
        (await stream.MoveNextAsync()).ShouldBeTrue();
        stream.Current!.Message.Content!.Length.ShouldBe(16);
    }

    [Fact]
    public async Task A_chat_of_several_turns_remembers()
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        var chat = new Chat(client, "Be kind.");
        var answer = "";
        await foreach (var piece in chat.SendAsync("What is 17 + 25?"))
            answer += piece;
        await foreach (var _ in chat.SendAsync("And 3+4?")) { }
        answer.ShouldBe("42");
        chat.Messages.Select(message => message.Content).ShouldBe(["Be kind.", "What is 17 + 25?", "42", "And 3+4?", "7"]);
    }

    [Fact]
    public async Task Whatever_else_it_can_do_it_does()
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        var text = "";
        await foreach (var piece in client.GenerateAsync("What is 17 + 25?"))
            text += piece!.Response;
        text.ShouldBe("42");
        (await client.EmbedAsync("hello")).Embeddings.ShouldHaveSingleItem().Length.ShouldBe(768);
        (await client.ListLocalModelsAsync()).Select(model => model.Name).ShouldBe(["llama3.2:latest"]);
        (await client.GetVersionAsync()).ShouldBe("0.35.0");
        (await client.IsRunningAsync()).ShouldBeTrue();
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task A_status_is_the_clients_exception(int status)
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        var error = await Should.ThrowAsync<HttpRequestException>(() => ReadAsync(client, Ask($"[[status={status}]]")));
        error.StatusCode.ShouldBe((HttpStatusCode)status);
    }

    [Fact]
    public async Task A_wrong_request_is_the_clients_own_exception()
    {
        await using var source = await StartAsync();
        using var client = Client(source);
        var error = await Should.ThrowAsync<OllamaException>(() => ReadAsync(client, Ask("[[status=400]]")));
        error.Message.ShouldContain("The sample provider was told to answer 400.");
    }

    private protected static ChatRequest Ask(string text, bool stream = true) =>
        new()
        {
            Model = Model,
            Stream = stream,
            Messages = [new Message(ChatRole.User, text)],
        };

    private protected static async Task ReadAsync(OllamaApiClient client, ChatRequest asked)
    {
        await foreach (var _ in client.ChatAsync(asked)) { }
    }

    // Its paths are relative ones: a base URL without a slash at its end would lose the upstream's name.
    private protected static OllamaApiClient Client(Source source, string path = "/api/") =>
        new(new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(source.Reach(path), "../") }, Model);
}
