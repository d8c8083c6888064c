using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>What Gemini's methods share: the model is in the path, the key in a header or in the query.</summary>
internal abstract class GeminiFormat(string model) : Format
{
    public override string Tier => "standard";

    protected string Model => model;

    public override string Key(HttpRequest request) =>
        request.Headers.TryGetValue("x-goog-api-key", out var key) ? key.ToString() : request.Query["key"].ToString();

    public override JsonObject Error(int status, string message) =>
        Error(
            status,
            status switch
            {
                400 => "INVALID_ARGUMENT",
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                503 or 529 => "UNAVAILABLE",
                504 => "DEADLINE_EXCEEDED",
                >= 500 => "INTERNAL",
                _ => "INVALID_ARGUMENT",
            },
            message
        );

    public override (int Status, JsonObject Error) Stranger(string key) =>
        key.Length == 0
            ? (
                403,
                Error(
                    403,
                    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form "
                        + "of API consumer identity to call this API."
                )
            )
            : (400, Error(400, "API key not valid. Please pass a valid API key."));

    public static JsonObject Error(int code, string status, string message) =>
        new()
        {
            ["error"] = new JsonObject
            {
                ["code"] = code,
                ["message"] = message,
                ["status"] = status,
            },
        };

    /// <summary>The text of a content's parts.</summary>
    protected static string Text(JsonElement content) => content.Get("parts").Texts();
}

/// <summary>generateContent, whole or as a stream of events or of the items of an array; and countTokens.</summary>
internal sealed class GenerateFormat(string model, string method, bool sse) : GeminiFormat(model)
{
    public override string Endpoint => Free ? "countTokens" : "generateContent";

    public override bool Free => method == "countTokens";

    public override Bills Bills => Bills.CachesItself | Bills.Audio | Bills.ToolPrompt;

    public override Ask Read(JsonElement request)
    {
        var asked = request.Has("generateContentRequest") ? request.Get("generateContentRequest") : request;
        var contents = asked.Items("contents").ToList();
        if (contents.Count == 0)
            throw new BadRequestException("* GenerateContentRequest.contents: contents is not specified\n");
        var config = asked.Get("generationConfig");
        var system = Text(asked.Has("systemInstruction") ? asked.Get("systemInstruction") : asked.Get("system_instruction"));
        var user = contents.FindLast(content => content.Text("role") is "user" or null && Text(content).Length > 0);
        var result = contents[^1]
            .Items("parts")
            .LastOrDefault(part => part.Has("functionResponse"))
            .Get("functionResponse")
            .Get("response");
        return new Ask
        {
            Model = Model,
            System = system,
            Question = Text(user),
            ToolResult =
                result.ValueKind != JsonValueKind.Object ? null : result.Text("result") ?? result.Text("output") ?? result.GetRawText(),
            Tools =
            [
                .. asked.Items("tools").SelectMany(tool => tool.Items("functionDeclarations")).Select(function => function.Text("name")!),
            ],
            Input = contents.Sum(Tokens) + (system.Length == 0 ? 0 : 4 + SampleUsage.Tokens(system)) + SampleUsage.Tokens(asked, "tools"),
            Limit = config.Whole("maxOutputTokens"),
            Stream = method == "streamGenerateContent",
            Choices = (int)(config.Whole("candidateCount") ?? 1),
        };
    }

    public override Reply Answer(Turn turn, JsonElement request)
    {
        if (Free)
        {
            return new Reply(
                Bytes(
                    new JsonObject
                    {
                        ["totalTokens"] = turn.Usage.Prompt,
                        ["promptTokensDetails"] = Details(("TEXT", turn.Usage.Prompt - turn.Usage.AudioIn), ("AUDIO", turn.Usage.AudioIn)),
                    }
                )
            );
        }
        var thoughts = request.Get("generationConfig").Get("thinkingConfig").Truth("includeThoughts");
        if (!turn.Ask.Stream)
            return new Reply(Bytes(Chunk(turn, thoughts, turn.Text, turn.Usage.Completion, last: true)));
        var events = new List<SseEvent>();
        var pieces = turn.Thought.ToolName is null ? turn.Pieces.DefaultIfEmpty("").ToList() : [turn.Text];
        var said = turn.Usage.Reasoning;
        for (var i = 0; i < pieces.Count; i++)
        {
            var last = i == pieces.Count - 1;
            said = last ? turn.Usage.Completion : said + (SampleUsage.Tokens(pieces[i]) * turn.Ask.Choices);
            events.Add(new SseEvent(null, Bytes(Chunk(turn, thoughts && i == 0, pieces[i], said, last))));
        }
        return new Reply([])
        {
            Events = events,
            Failure = new SseEvent(null, Failure(503)),
            CrLf = true,
            Array = !sse,
        };
    }

    private static long Tokens(JsonElement content) =>
        4
        + SampleUsage.Tokens(Text(content))
        + content
            .Items("parts")
            .Sum(part => part.Has("functionCall") || part.Has("functionResponse") ? SampleUsage.Tokens(part.GetRawText()) : 0);

    private static JsonArray Details(params IEnumerable<(string Modality, long Tokens)> details) =>
        new([
            .. details
                .Where(one => one.Tokens > 0)
                .Select(one => new JsonObject { ["modality"] = one.Modality, ["tokenCount"] = one.Tokens }),
        ]);

    private static JsonObject Chunk(Turn turn, bool thoughts, string piece, long output, bool last)
    {
        JsonObject Candidate(int index)
        {
            var parts = new JsonArray();
            if (thoughts && turn.Usage.Reasoning > 0)
                parts.Add(new JsonObject { ["text"] = "Let me think.", ["thought"] = true });
            parts.Add(
                turn.Thought.ToolName is null
                    ? new JsonObject { ["text"] = piece }
                    : new JsonObject
                    {
                        ["functionCall"] = new JsonObject
                        {
                            ["name"] = turn.Thought.ToolName,
                            ["args"] = JsonObject.Create(turn.ToolInput()),
                        },
                    }
            );
            var candidate = new JsonObject
            {
                ["content"] = new JsonObject { ["parts"] = parts, ["role"] = "model" },
            };
            if (last)
                candidate["finishReason"] = turn.Finish == Finish.Length ? "MAX_TOKENS" : "STOP";
            candidate["index"] = index;
            if (last && turn.Usage.WebSearches > 0)
                candidate["groundingMetadata"] = new JsonObject
                {
                    ["webSearchQueries"] = new JsonArray([
                        .. Enumerable.Range(1, turn.Usage.WebSearches).Select(n => (JsonNode)$"orders {n}"),
                    ]),
                };
            return candidate;
        }
        var chunk = new JsonObject { ["candidates"] = new JsonArray([.. Enumerable.Range(0, turn.Ask.Choices).Select(Candidate)]) };
        if (!turn.Orders.NoUsage)
            chunk["usageMetadata"] = Usage(turn, output);
        chunk["modelVersion"] = turn.Model;
        chunk["responseId"] = turn.Id;
        return chunk;
    }

    // Thoughts are not in the candidates' count, and the provider's own tools not in the prompt's.
    private static JsonObject Usage(Turn turn, long output)
    {
        var usage = turn.Usage;
        var json = new JsonObject
        {
            ["promptTokenCount"] = usage.Prompt,
            ["candidatesTokenCount"] = output - usage.Reasoning,
            ["totalTokenCount"] = usage.Prompt + usage.ToolPrompt + output,
            ["promptTokensDetails"] = Details(("TEXT", usage.Prompt - usage.AudioIn), ("AUDIO", usage.AudioIn)),
        };
        if (usage.Cached > 0)
        {
            json["cachedContentTokenCount"] = usage.Cached;
            json["cacheTokensDetails"] = Details(("TEXT", usage.Cached));
        }
        if (usage.Reasoning > 0)
            json["thoughtsTokenCount"] = usage.Reasoning;
        if (usage.ToolPrompt > 0)
        {
            json["toolUsePromptTokenCount"] = usage.ToolPrompt;
            json["toolUsePromptTokensDetails"] = Details(("TEXT", usage.ToolPrompt));
        }
        if (turn.Orders.Tier is { } tier)
            json["serviceTier"] = tier;
        return json;
    }
}

/// <summary>embedContent and batchEmbedContents. The answer says no usage; the input is billed.</summary>
internal sealed class EmbedFormat(string model, bool batch) : GeminiFormat(model)
{
    private const int DefaultDimensions = 3072;

    public override string Endpoint => "embedContent";

    public override Ask Read(JsonElement request)
    {
        var texts = Requests(request).Select(one => Text(one.Get("content"))).ToList();
        if (texts.Count == 0 || texts.Contains(""))
            throw new BadRequestException("* EmbedContentRequest.content: content is not specified\n");
        return new Ask
        {
            Model = Model,
            Question = texts[^1],
            Input = texts.Sum(SampleUsage.Tokens),
        };
    }

    public override Turn Think(Ask ask, Directives orders, TimeProvider time) =>
        new(ask, orders, new Thought("", null, null), Finish.Stop, new SampleUsage(ask.Input, 0, 0), time.GetUtcNow());

    public override Reply Answer(Turn turn, JsonElement request)
    {
        var vectors = Requests(request)
            .Select(one =>
                (JsonNode)
                    new JsonObject
                    {
                        ["values"] = new JsonArray([
                            .. Vectors
                                .Of(Text(one.Get("content")), (int)(one.Whole("outputDimensionality") ?? DefaultDimensions))
                                .Select(x => (JsonNode)x),
                        ]),
                    }
            )
            .ToArray();
        return new Reply(
            Bytes(batch ? new JsonObject { ["embeddings"] = new JsonArray(vectors) } : new JsonObject { ["embedding"] = vectors[0] })
        );
    }

    private IEnumerable<JsonElement> Requests(JsonElement request) => batch ? request.Items("requests") : [request];
}
