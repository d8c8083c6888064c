using System.Net;
using System.Text.Json.Nodes;
using AgentReadiness.Samples.Provider;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentReadiness.Samples;

/// <summary>
/// A provider with the wire formats of OpenAI (Chat Completions, Responses, Embeddings), Azure OpenAI, Anthropic, Gemini and Ollama, and
/// tools over MCP and HTTP; deterministic, and it counts what it would bill: <c>GET /_witness</c>. Base URLs: OpenAI http://host:9000/v1,
/// Azure http://host:9000/openai/v1 or http://host:9000, Anthropic, Gemini and Ollama http://host:9000, MCP http://host:9000/mcp.
/// </summary>
public static class SampleProvider
{
    /// <summary>The keys that PROVIDER_KEY_FILE names, one a line; empty where it is not set: then every key is right.</summary>
    public static IReadOnlyList<string> KeysFromEnvironment() =>
        Environment.GetEnvironmentVariable("PROVIDER_KEY_FILE") is { Length: > 0 } path
            ? [.. File.ReadAllLines(path).Select(l => l.Trim()).Where(l => l.Length > 0)]
            : [];

    /// <summary>Builds a provider that has not started.</summary>
    /// <param name="url">Where it is reached.</param>
    /// <param name="keys">The keys that are right; none: every key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="witness">Who counts.</param>
    /// <param name="listen">How it listens on the URL's port of 127.0.0.1, with TLS for example; null: as the URL says.</param>
    public static WebApplication Build(
        string url,
        IReadOnlyList<string> keys,
        TimeProvider time,
        Witness? witness = null,
        Action<ListenOptions>? listen = null
    )
    {
        // Not the slim builder: it watches the content root for settings files, and in a container that is "/", /proc and all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = null);
        if (listen is null)
            builder.WebHost.UseUrls(url);
        else
            builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, new Uri(url).Port, listen));
        var app = builder.Build();
        var desk = new Desk(keys, witness ?? new Witness(keeps: false), time);
        var mcp = new McpServer(desk.Tools);
        app.Run(context => HandleAsync(context, desk, mcp));
        return app;
    }

    private static async Task HandleAsync(HttpContext context, Desk desk, McpServer mcp)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == "/_witness")
        {
            await Exchange.JsonAsync(context, 200, JsonNode.Parse(desk.Witness.ToJson())!);
            return;
        }
        if (path is "/healthz")
            return;
        if (path is "/")
        {
            await context.Response.WriteAsync("Ollama is running");
            return;
        }
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var body = buffer.ToArray();
        var post = HttpMethods.IsPost(context.Request.Method);
        if (path == "/mcp")
        {
            Arrive(context, desk, "mcp", body);
            await mcp.ServeAsync(context, body);
        }
        else if (path.StartsWith("/tools/", StringComparison.Ordinal))
        {
            Arrive(context, desk, path[1..], body);
            await desk.Tools.ServeAsync(context, path["/tools/".Length..], body);
        }
        else if (post && FormatOf(context, path, desk) is { } format)
        {
            Arrive(context, desk, format.Endpoint, body);
            if (format is MessagesFormat && !context.Request.Headers.ContainsKey("anthropic-version"))
                await Exchange.JsonAsync(context, 400, format.Error(400, "anthropic-version: header is required"));
            else
                await new Exchange(context, format, desk).RunAsync(body);
        }
        else
        {
            await OtherAsync(context, path, desk, body);
        }
    }

    private static Format? FormatOf(HttpContext context, string path, Desk desk)
    {
        if (path.StartsWith("/openai/deployments/", StringComparison.Ordinal))
        {
            return context.Request.Query.ContainsKey("api-version")
                ? path.Split('/') switch
                {
                    [_, _, _, var deployment, "chat", "completions"] => new ChatFormat(azure: true, deployment),
                    [_, _, _, var deployment, "embeddings"] => new EmbeddingsFormat(azure: true, deployment),
                    _ => null,
                }
                : null;
        }
        if (path.Split('/') is [_, "v1beta", "models", var called] && called.Split(':') is [var model, var method])
        {
            return method switch
            {
                "generateContent" or "countTokens" => new GenerateFormat(model, method, sse: false),
                "streamGenerateContent" => new GenerateFormat(model, method, sse: context.Request.Query["alt"] == "sse"),
                "embedContent" or "batchEmbedContents" => new EmbedFormat(model, batch: method == "batchEmbedContents"),
                _ => null,
            };
        }
        var azure = path.StartsWith("/openai/", StringComparison.Ordinal);
        return Plain(context, path) switch
        {
            "/v1/chat/completions" => new ChatFormat(azure),
            "/v1/responses" => new ResponsesFormat(desk.Responses, azure),
            "/v1/responses/input_tokens" => new CountResponsesFormat(desk.Responses),
            "/v1/embeddings" => new EmbeddingsFormat(azure),
            "/v1/messages" => new MessagesFormat(),
            "/v1/messages/count_tokens" => new CountMessagesFormat(),
            "/api/chat" => new OllamaFormat(chat: true),
            "/api/generate" => new OllamaFormat(chat: false),
            "/api/embed" => new OllamaEmbedFormat(),
            _ => null,
        };
    }

    // What is read, not asked: models, stored responses; and what there is not.
    private static async Task OtherAsync(HttpContext context, string path, Desk desk, byte[] body)
    {
        if (path is "/api/tags" or "/api/version")
        {
            Arrive(context, desk, "ollama", body);
            await Exchange.JsonAsync(context, 200, path == "/api/tags" ? OllamaFormat.Tags() : new JsonObject { ["version"] = "0.35.0" });
            return;
        }
        var anthropic = context.Request.Headers.ContainsKey("anthropic-version");
        var gemini = path.StartsWith("/v1beta/", StringComparison.Ordinal);
        Format format =
            gemini ? new EmbedFormat("", batch: false)
            : anthropic ? new MessagesFormat()
            : new ChatFormat();
        format.Head(context);
        var key = format.Key(context.Request);
        if (!desk.Knows(key))
        {
            var (status, error) = format.Stranger(key);
            await Exchange.JsonAsync(context, status, error);
            return;
        }
        var plain = Plain(context, path);
        if (plain.StartsWith("/v1/responses/", StringComparison.Ordinal))
        {
            Arrive(context, desk, "responses/id", body);
            await desk.Responses.ServeAsync(context, plain["/v1/responses/".Length..], desk.Witness);
            return;
        }
        var models = gemini ? "/v1beta/models" : "/v1/models";
        if (HttpMethods.IsGet(context.Request.Method) && (plain == models || plain.StartsWith(models + "/", StringComparison.Ordinal)))
        {
            Arrive(context, desk, "models", body);
            var id = plain == models ? null : Uri.UnescapeDataString(plain[(models.Length + 1)..]);
            var found =
                gemini ? Models.OfGemini(id)
                : anthropic ? Models.OfAnthropic(id)
                : Models.OfOpenAI(id);
            await Exchange.JsonAsync(
                context,
                found is null ? 404 : 200,
                found
                    ?? (
                        gemini || anthropic
                            ? format.Error(404, $"model: {id}")
                            : OpenAIFormat.Error("invalid_request_error", "model_not_found", $"The model '{id}' does not exist")
                    )
            );
            return;
        }
        await Exchange.JsonAsync(
            context,
            404,
            gemini || anthropic
                ? format.Error(404, $"Unknown request URL: {path}")
                : OpenAIFormat.Error("invalid_request_error", "unknown_url", $"Unknown request URL: {path}")
        );
    }

    // Azure's new paths are OpenAI's below /openai, the model being the deployment; the old ones have no version in them but in the query.
    private static string Plain(HttpContext context, string path) =>
        path.StartsWith("/openai/v1/", StringComparison.Ordinal) ? path["/openai".Length..]
        : path.StartsWith("/openai/", StringComparison.Ordinal)
        && context.Request.Query.ContainsKey("api-version")
        && path.Split('/')[2] is "responses" or "models"
            ? "/v1" + path["/openai".Length..]
        : path;

    private static void Arrive(HttpContext context, Desk desk, string endpoint, byte[] body) =>
        desk.Witness.Arrive(
            endpoint,
            new ArrivedRequest(
                context.Request.Method,
                context.Request.Path + context.Request.QueryString.Value,
                context.Request.Headers.ToDictionary(
                    header => header.Key,
                    header => header.Value.ToString(),
                    StringComparer.OrdinalIgnoreCase
                ),
                body
            )
            {
                Protocol = context.Request.Protocol,
            }
        );
}
