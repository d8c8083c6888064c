using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>OpenAI's API, Azure OpenAI's, and whatever is compatible.</summary>
internal sealed class OpenAiFormat : WireFormat
{
    private const string Deployments = "/openai/deployments/";

    /// <inheritdoc/>
    public override Endpoint Match(string method, string path)
    {
        // Azure's older form has no version in the path, and the model's deployment instead.
        if (path.StartsWith(Deployments, StringComparison.Ordinal))
        {
            var slash = path.IndexOf('/', Deployments.Length);
            if (slash > 0 && IsSegment(path.AsSpan(Deployments.Length, slash - Deployments.Length)))
            {
                var found = Known(method, path[slash..]);
                return found with { Path = path, Version = "", Model = Uri.UnescapeDataString(path[Deployments.Length..slash]) };
            }
            return new Endpoint(EndpointKind.Unmetered, path);
        }
        // Azure's newer form has the version, and the older one, for what no deployment answers, has not.
        var (version, rest) =
            path.StartsWith("/openai/v1/", StringComparison.Ordinal) ? ("/openai/v1", path["/openai/v1".Length..])
            : path.StartsWith("/openai/", StringComparison.Ordinal) ? ("/openai", path["/openai".Length..])
            : Split(path);
        return Known(method, rest) with { Version = version };
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in Endpoint endpoint, ReadOnlySpan<byte> body, out ApiError? error)
    {
        var request = endpoint.Api switch
        {
            UsageApi.Responses => ResponsesRequestReader.Read(body, out error),
            UsageApi.Embeddings => EmbeddingsRequestReader.Read(body, out error),
            _ => ChatRequestReader.Read(body, endpoint.Model, out error),
        };
        if (request is { Model: "" } && endpoint.Model is { } deployment)
            request.Model = deployment;
        return request;
    }

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => azure ? ("api-key", "") : ("Authorization", "Bearer ");

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", error.Message);
        writer.WriteString(
            "type",
            error.Status switch
            {
                402 => "insufficient_quota",
                403 => "permission_error",
                429 => "rate_limit_error",
                < 500 => "invalid_request_error",
                _ => "api_error",
            }
        );
        writer.WriteString("param", error.Param);
        writer.WriteString("code", error.Code);
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in Endpoint endpoint)
    {
        var id = JsonEncodedText.Encode(facts.Id ?? "");
        var model = JsonEncodedText.Encode(facts.Model ?? "");
        return endpoint.Api == UsageApi.Responses
            ? $"event: response.incomplete\ndata: "
                + $"{{\"type\":\"response.incomplete\",\"response\":{{\"id\":\"{id}\",\"object\":\"response\",\"model\":\"{model}\","
                + $"\"status\":\"incomplete\","
                + $"\"incomplete_details\":{{\"reason\":\"max_output_tokens\"}},\"output\":[],\"usage\":null}}}}\n\n"
            : $"data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"{model}\","
                + $"\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"length\"}}]}}\n\ndata: [DONE]\n\n";
    }

    private static Endpoint Known(string method, string rest)
    {
        var kind = (method, rest) switch
        {
            ("POST", "/chat/completions" or "/responses" or "/embeddings") => EndpointKind.Metered,
            ("GET", "/models") => EndpointKind.Free,
            // OpenAI's own lists of what is not billed.
            ("POST", "/moderations" or "/responses/input_tokens") => EndpointKind.Free,
            _ => EndpointKind.Unmetered,
        };
        var api = rest switch
        {
            "/responses" => UsageApi.Responses,
            "/embeddings" => UsageApi.Embeddings,
            _ => UsageApi.Chat,
        };
        if (kind == EndpointKind.Unmetered)
        {
            if (method == "GET" && Under(rest, "/models/", out var below) && (IsSegment(below) || below.Split('/').All(s => IsSegment(s))))
                kind = EndpointKind.Free;
            else if (Under(rest, "/responses/", out below))
                (kind, api) = (Stored(method, below), UsageApi.Responses);
        }
        return new Endpoint(kind, rest) { Api = api };
    }

    private static EndpointKind Stored(string method, string below)
    {
        if (IsSegment(below))
            return method is "GET" ? EndpointKind.Poll
                : method is "DELETE" ? EndpointKind.Free
                : EndpointKind.Unmetered;
        var parts = below.Split('/');
        return parts.Length == 2 && IsSegment(parts[0]) && (method, parts[1]) is (("POST", "cancel") or ("GET", "input_items"))
            ? parts[1] == "cancel"
                ? EndpointKind.Poll
                : EndpointKind.Free
            : EndpointKind.Unmetered;
    }

    private static bool Under(string path, string prefix, out string below)
    {
        below = path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "";
        return below.Length > 0;
    }
}
