using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>Ollama's own API (docs/api.md of ollama/ollama): chat and generate, whole or as JSON lines. Nobody bills it.</summary>
internal sealed class OllamaFormat(bool chat) : Format
{
    public override string Endpoint => "ollama";

    public override bool Free => true;

    /// <summary>The models that it has.</summary>
    public static JsonObject Tags() =>
        new()
        {
            ["models"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "llama3.2:latest",
                    ["model"] = "llama3.2:latest",
                    ["modified_at"] = "2026-01-02T03:04:05Z",
                    ["size"] = 2_019_393_189,
                    ["digest"] = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
                    ["details"] = new JsonObject
                    {
                        ["format"] = "gguf",
                        ["family"] = "llama",
                        ["parameter_size"] = "3.2B",
                        ["quantization_level"] = "Q4_K_M",
                    },
                }
            ),
        };

    public override bool Open => true;

    public override string Key(HttpRequest request) => Bearer(request);

    public override Ask Read(JsonElement request)
    {
        if (!request.Has("model") || !request.Has(chat ? "messages" : "prompt"))
            throw new BadRequestException("model is required");
        var ask = chat
            ? Chat.Read(request)
            : new Ask
            {
                Model = request.Text("model")!,
                Question = request.Text("prompt")!,
                Input = SampleUsage.Tokens(request.Text("prompt")!),
            };
        return ask with { Stream = !request.Has("stream") || request.Truth("stream"), Limit = request.Get("options").Whole("num_predict") };
    }

    public override Reply Answer(Turn turn, JsonElement request)
    {
        if (!turn.Ask.Stream)
            return new Reply(Bytes(Line(turn, turn.Text, last: true)));
        var lines = (
            turn.Thought.ToolName is null
                ? turn.Pieces.Select(piece => Line(turn, piece, last: false))
                : [Line(turn, turn.Text, last: false)]
        ).Append(Line(turn, "", last: true));
        return Reply.Stream([.. lines.Select(line => new SseEvent(null, Bytes(line)))], Failure(500)) with { Lines = true };
    }

    public override JsonObject Error(int status, string message) => new() { ["error"] = message };

    private JsonObject Line(Turn turn, string text, bool last)
    {
        var line = new JsonObject { ["model"] = turn.Model, ["created_at"] = turn.At.UtcDateTime.ToString("O") };
        if (chat)
            line["message"] = Message(turn, text);
        else
            line["response"] = text;
        line["done"] = last;
        if (!last)
            return line;
        line["done_reason"] = turn.Finish == Finish.Length ? "length" : "stop";
        line["total_duration"] = 5_000_000;
        line["load_duration"] = 1_000_000;
        line["prompt_eval_count"] = turn.Usage.Prompt;
        line["prompt_eval_duration"] = 2_000_000;
        line["eval_count"] = turn.Usage.Completion;
        line["eval_duration"] = 2_000_000;
        return line;
    }

    private static JsonObject Message(Turn turn, string text) =>
        turn.Thought.ToolName is not { } tool || text.Length == 0
            ? new() { ["role"] = "assistant", ["content"] = text }
            : new()
            {
                ["role"] = "assistant",
                ["content"] = "",
                ["tool_calls"] = new JsonArray(
                    new JsonObject
                    {
                        ["function"] = new JsonObject { ["name"] = tool, ["arguments"] = JsonNode.Parse(turn.ToolInput().GetRawText()) },
                    }
                ),
            };
}

/// <summary>Ollama's embeddings.</summary>
internal sealed class OllamaEmbedFormat : Format
{
    private const int Dimensions = 768;

    public override string Endpoint => "ollama";

    public override bool Free => true;

    public override bool Open => true;

    public override string Key(HttpRequest request) => Bearer(request);

    public override Ask Read(JsonElement request) =>
        new()
        {
            Model = request.Text("model") ?? throw new BadRequestException("model is required"),
            Input = Texts(request).Sum(SampleUsage.Tokens),
        };

    public override Reply Answer(Turn turn, JsonElement request) =>
        new(
            Bytes(
                new JsonObject
                {
                    ["model"] = turn.Model,
                    ["embeddings"] = new JsonArray([
                        .. Texts(request).Select(text => new JsonArray([.. Vectors.Of(text, Dimensions).Select(x => (JsonNode)x)])),
                    ]),
                    ["total_duration"] = 5_000_000,
                    ["load_duration"] = 1_000_000,
                    ["prompt_eval_count"] = turn.Usage.Prompt,
                }
            )
        );

    public override JsonObject Error(int status, string message) => new() { ["error"] = message };

    private static IEnumerable<string> Texts(JsonElement request) =>
        request.Text("input") is { } one ? [one] : request.Items("input").Select(text => text.GetString()!);
}
