using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>
/// Four tools, over MCP and over plain HTTP: search_orders answers, send_email does something each time it is called, fail fails, slow
/// takes {ms} milliseconds.
/// </summary>
internal sealed class ToolBench(Witness witness, TimeProvider time)
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["search_orders", "send_email", "fail", "slow"];

    /// <summary>Their definitions for MCP.</summary>
    public static JsonArray Definitions() =>
        new(
            Tool("search_orders", "Finds orders.", ["query"], readOnly: true),
            Tool("send_email", "Sends an email.", ["to", "subject", "body"], readOnly: false),
            Tool("fail", "Always fails.", [], readOnly: true),
            Tool("slow", "Takes its time: ms milliseconds.", [], readOnly: true)
        );

    /// <summary>Executes one: its text, and whether that is an error. It is counted when it begins, as a side effect would be.</summary>
    public async Task<(string Text, bool Failed)> RunAsync(
        string name,
        JsonElement arguments,
        string? key,
        string over,
        CancellationToken cancellationToken
    )
    {
        var text = arguments.ValueKind == JsonValueKind.Object ? arguments.GetRawText() : "{}";
        witness.Count(new ToolExecution(name, text, key, over));
        switch (name)
        {
            case "search_orders":
                var query = arguments.Text("query") ?? "";
                return (SampleAgent.Orders.GetValueOrDefault(query) ?? $"no order matches '{query}'", false);
            case "send_email":
                return ($"email sent to {arguments.Text("to") ?? "nobody"}", false);
            case "slow":
                var wait = arguments.Whole("ms") ?? 100;
                await Task.Delay(TimeSpan.FromMilliseconds(wait), time, cancellationToken);
                return ($"took {wait} ms", false);
            default:
                return ("the tool was told to fail", true);
        }
    }

    /// <summary>POST /tools/{name}: the arguments are the body, the answer is {"result": …} or, with 500, {"error": …}.</summary>
    public async Task ServeAsync(HttpContext context, string name, byte[] body)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !Names.Contains(name))
        {
            await Exchange.JsonAsync(
                context,
                HttpMethods.IsPost(context.Request.Method) ? 404 : 405,
                new JsonObject { ["error"] = $"no such tool: {name}" }
            );
            return;
        }
        JsonElement arguments;
        try
        {
            arguments = body.Length == 0 ? default : JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            await Exchange.JsonAsync(context, 400, new JsonObject { ["error"] = "the body is not JSON" });
            return;
        }
        var (text, failed) = await RunAsync(name, arguments, Key(context, arguments), "http", context.RequestAborted);
        await Exchange.JsonAsync(context, failed ? 500 : 200, new JsonObject { [failed ? "error" : "result"] = text });
    }

    /// <summary>What tells a repeated call from another one.</summary>
    public static string? Key(HttpContext context, JsonElement parameters) =>
        context.Request.Headers.TryGetValue("Idempotency-Key", out var key)
            ? key.ToString()
            : parameters.Get("_meta").Text("idempotencyKey");

    private static JsonObject Tool(string name, string description, string[] texts, bool readOnly)
    {
        var properties = new JsonObject();
        foreach (var text in texts)
            properties[text] = new JsonObject { ["type"] = "string" };
        if (name == "slow")
            properties["ms"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 };
        return new JsonObject
        {
            ["name"] = name,
            ["description"] = description,
            ["inputSchema"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = properties,
                ["required"] = new JsonArray([.. texts.Take(1).Select(text => (JsonNode)text)]),
            },
            ["annotations"] = new JsonObject
            {
                ["readOnlyHint"] = readOnly,
                ["destructiveHint"] = !readOnly,
                ["idempotentHint"] = readOnly,
                ["openWorldHint"] = !readOnly,
            },
        };
    }
}
