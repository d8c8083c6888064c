using System.Text.Json;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Google's Gemini API.</summary>
internal sealed class GeminiFormat : WireFormat
{
    private const string Embed = ":embedContent";
    private const string EmbedBatch = ":batchEmbedContents";

    private static readonly EndpointTable Endpoints = new(
        new EndpointRule("POST", "/models/{model}:generateContent", EndpointKind.Metered) { Api = UsageApi.Gemini },
        new EndpointRule("POST", "/models/{model}:streamGenerateContent", EndpointKind.Metered) { Api = UsageApi.Gemini, Stream = true },
        new EndpointRule("POST", "/models/{model}" + Embed, EndpointKind.Metered) { Api = UsageApi.Gemini },
        new EndpointRule("POST", "/models/{model}" + EmbedBatch, EndpointKind.Metered) { Api = UsageApi.Gemini },
        new EndpointRule("POST", "/models/{model}:countTokens", EndpointKind.Free) { Api = UsageApi.Gemini },
        new EndpointRule("GET", "/models", EndpointKind.Free) { Api = UsageApi.Gemini },
        new EndpointRule("GET", "/models/{model}", EndpointKind.Free) { Api = UsageApi.Gemini }
    );

    /// <inheritdoc/>
    protected override string DefaultVersion => "/v1beta";

    /// <inheritdoc/>
    public override UpstreamEndpoint Match(string method, string path)
    {
        var (version, rest) = Split(path);
        var endpoint = Endpoints.Match(method, rest) with { Version = version };
        // A colon separates a model and what is asked of it: a name that has one would be another method's.
        return endpoint.Model?.Contains(':', StringComparison.Ordinal) == true ? endpoint with { Kind = EndpointKind.Unmetered } : endpoint;
    }

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error) =>
        endpoint.Path.EndsWith(Embed, StringComparison.Ordinal) || endpoint.Path.EndsWith(EmbedBatch, StringComparison.Ordinal)
            ? GeminiEmbeddingReader.Read(body, endpoint.Model!, facts, out error)
            : GeminiRequestReader.Read(body, endpoint.Model!, endpoint.Stream, facts, out error);

    /// <inheritdoc/>
    public override RenamedRequest? Rename(in UpstreamEndpoint endpoint, MeteredRequest request, string model, string? from, string? to)
    {
        var asked = endpoint.Path.LastIndexOf(':');
        if (asked < 0)
            return null;
        var path = $"/models/{Uri.EscapeDataString(model)}{endpoint.Path[asked..]}";
        // What is sent is what would have been matched.
        var renamed = Endpoints.Match("POST", path) with
        {
            Version = endpoint.Version,
        };
        if (renamed.Kind != endpoint.Kind || renamed.Model != model || model.Contains(':', StringComparison.Ordinal))
            return null;
        // Where the body has the name too, it may stand there with the collection before it, which is how all of Google's names begin.
        return new RenamedRequest(renamed, request.Rename(model, "models/" + model));
    }

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => ("x-goog-api-key", "");

    /// <inheritdoc/>
    public override void WriteError(Utf8JsonWriter writer, ApiError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("code", error.Status);
        writer.WriteString("message", error.Message);
        writer.WriteString(
            "status",
            error.Status switch
            {
                402 or 429 => "RESOURCE_EXHAUSTED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                504 => "DEADLINE_EXCEEDED",
                < 500 => "INVALID_ARGUMENT",
                _ => "UNAVAILABLE",
            }
        );
        writer.WriteStartArray("details");
        writer.WriteStartObject();
        writer.WriteString("@type", "type.googleapis.com/google.rpc.ErrorInfo");
        writer.WriteString("reason", error.Code);
        writer.WriteString("domain", "agentreadiness.dev");
        error.WriteDetails(writer);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public override string CutTail(ResponseFacts facts, in UpstreamEndpoint endpoint) =>
        "data: {\"candidates\":[{\"content\":{\"parts\":[],\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\",\"index\":0}]}\n\n";
}
