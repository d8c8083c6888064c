using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>OpenAI's API, Azure OpenAI's, and whatever is compatible.</summary>
internal sealed class OpenAiFormat : WireFormat
{
    private const string Deployments = "/openai/deployments/";
    private const string Azure = "azure";

    // OpenAI's own lists of what is not billed: https://platform.openai.com/docs/guides/moderation and /docs/api-reference/responses.
    private static readonly EndpointTable Listed = new(
        new EndpointRule("POST", "/chat/completions", EndpointKind.Metered) { Api = UsageApi.Chat },
        new EndpointRule("POST", "/responses", EndpointKind.Metered) { Api = UsageApi.Responses },
        new EndpointRule("POST", "/embeddings", EndpointKind.Metered) { Api = UsageApi.Embeddings },
        new EndpointRule("GET", "/models", EndpointKind.Free),
        new EndpointRule("GET", "/models/{model+}", EndpointKind.Free),
        new EndpointRule("POST", "/moderations", EndpointKind.Free),
        new EndpointRule("POST", "/responses/input_tokens", EndpointKind.Free) { Api = UsageApi.Responses },
        new EndpointRule("GET", "/responses/{id}", EndpointKind.Poll) { Api = UsageApi.Responses },
        new EndpointRule("DELETE", "/responses/{id}", EndpointKind.Free) { Api = UsageApi.Responses },
        new EndpointRule("POST", "/responses/{id}/cancel", EndpointKind.Poll) { Api = UsageApi.Responses },
        new EndpointRule("GET", "/responses/{id}/input_items", EndpointKind.Free) { Api = UsageApi.Responses }
    );

    private readonly EndpointTable endpoints;

    /// <param name="more">Endpoints beside the listed ones.</param>
    public OpenAiFormat(params EndpointRule[] more) =>
        endpoints = more.Length == 0 ? Listed : new EndpointTable([.. Listed.Rules, .. more]);

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path)
    {
        // Azure's older form has no version in the path, and the model's deployment instead.
        if (path.StartsWith(Deployments, StringComparison.Ordinal))
        {
            var slash = path.IndexOf('/', Deployments.Length);
            if (slash > 0 && PathSegments.IsName(path.AsSpan(Deployments.Length, slash - Deployments.Length)))
            {
                var found = endpoints.Match(method, path.AsSpan(slash));
                return found with { Path = path, Version = "", Model = Uri.UnescapeDataString(path[Deployments.Length..slash]) };
            }
            return new UpstreamEndpoint(EndpointKind.Unmetered, path);
        }
        // Azure's newer form has the version, and the older one, for what no deployment answers, has not.
        var (version, rest) =
            path.StartsWith("/openai/v1/", StringComparison.Ordinal) ? ("/openai/v1", path["/openai/v1".Length..])
            : path.StartsWith("/openai/", StringComparison.Ordinal) ? ("/openai", path["/openai".Length..])
            : Split(path);
        return endpoints.Match(method, rest) with { Version = version };
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error)
    {
        var request = endpoint.Api switch
        {
            UsageApi.Responses => ResponsesRequestReader.Read(body, facts, out error),
            UsageApi.Embeddings => EmbeddingsRequestReader.Read(body, endpoint.Model, facts, out error),
            _ => ChatRequestReader.Read(body, endpoint.Model, facts, out error),
        };
        if (request is null)
            return null;
        request.Deployment = request.Model.Length > 0 ? endpoint.Model : null;
        request.Model = request.Model.Length > 0 ? request.Model : endpoint.Model!;
        return request;
    }

    /// <inheritdoc/>
    public override RenamedRequest? Rename(in UpstreamEndpoint endpoint, MeteredRequest request, string model, string? from, string? to)
    {
        // A provider that is the same speaks the same way, Azure's older form with the deployment in the path included.
        if (from == to)
        {
            if (!endpoint.Path.StartsWith(Deployments, StringComparison.Ordinal))
                return new RenamedRequest(endpoint, request.Rename(model, model));
            var name = Uri.EscapeDataString(model);
            var slash = endpoint.Path.IndexOf('/', Deployments.Length);
            if (!PathSegments.IsName(name))
                return null;
            var named = endpoint with { Path = Deployments + name + endpoint.Path[slash..], Model = model };
            return new RenamedRequest(named, request.Rename(model, model));
        }
        var path = endpoint.Path;
        if (path.StartsWith(Deployments, StringComparison.Ordinal))
            path = path[path.IndexOf('/', Deployments.Length)..];
        // Azure's newer form is everybody's, below another version. The version of its older one stands in the query.
        var plain = endpoint with
        {
            Path = path,
            Version = to == Azure ? "/openai/v1" : DefaultVersion,
            Model = null,
        };
        return new RenamedRequest(plain, request.Rename(model, model, insert: true)) { WithoutQuery = true };
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
    public override string ErrorEvent(ApiError error, in UpstreamEndpoint endpoint)
    {
        if (endpoint.Api != UsageApi.Responses)
            return base.ErrorEvent(error, endpoint);
        // Clients of Responses read the type, and the code and the message beside it; others look for the member "error".
        var (code, message) = (JsonEncodedText.Encode(error.Code), JsonEncodedText.Encode(error.Message));
        return $"event: error\ndata: {{\"type\":\"error\",\"sequence_number\":0,\"code\":\"{code}\",\"message\":\"{message}\","
            + $"\"param\":null,\"error\":{{\"type\":\"api_error\",\"code\":\"{code}\",\"message\":\"{message}\",\"param\":null}}}}\n\n";
    }

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint)
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
}
