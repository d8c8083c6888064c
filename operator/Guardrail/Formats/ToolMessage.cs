using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>What a JSON-RPC message of MCP asks for.</summary>
/// <param name="Method">"tools/call", "initialize", …; empty for an answer.</param>
/// <param name="Tool">The tool's name, of a call.</param>
/// <param name="Id">The request's id as JSON, or null for a notification.</param>
/// <param name="Fingerprint">What is the same for identical calls.</param>
internal sealed record ToolMessage(string Method, string Tool, string? Id, string Fingerprint)
{
    private const int LongestId = 256;
    private const int HeaderMismatch = -32020;

    /// <summary>The method by which a tool is called.</summary>
    public const string Call = "tools/call";

    /// <summary>It calls a tool.</summary>
    public bool IsCall => Method == Call;

    /// <summary>Reads a message.</summary>
    public static ToolMessage? Read(ReadOnlySpan<byte> body, out ApiError? error)
    {
        error = null;
        string? method = null,
            id = null,
            tool = null;
        var arguments = "";
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                error =
                    reader.TokenType == JsonTokenType.StartArray
                        ? new ApiError(
                            400,
                            "batch_not_supported",
                            "A batch of JSON-RPC messages does not pass: send them one by one (MCP since 2025-06-18)."
                        )
                        : new ApiError(400, "invalid_json", "The body is no JSON-RPC message.");
                return null;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isMethod, isId, isParams) = (
                    reader.ValueTextEquals("method"u8),
                    reader.ValueTextEquals("id"u8),
                    reader.ValueTextEquals("params"u8)
                );
                reader.Read();
                if (isMethod && method is null && reader.TokenType == JsonTokenType.String)
                    method = reader.GetString();
                else if (
                    isId
                    && id is null
                    && reader.TokenType is JsonTokenType.String or JsonTokenType.Number
                    && reader.ValueSpan.Length <= LongestId
                )
                    id = Encoding.UTF8.GetString(body[(int)reader.TokenStartIndex..(int)reader.BytesConsumed]);
                else if (isParams && tool is null && reader.TokenType == JsonTokenType.StartObject)
                    (tool, arguments) = ReadParams(ref reader, body);
                else if (isMethod || isParams && reader.TokenType == JsonTokenType.StartObject)
                    throw new JsonException("twice");
                reader.Skip();
            }
            while (reader.Read()) { }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            error = new ApiError(400, "invalid_json", "The body is no JSON-RPC message: not JSON in UTF-8, or a key is there twice.");
            return null;
        }
        if (method == Call && string.IsNullOrEmpty(tool))
        {
            error = new ApiError(400, "invalid_params", "tools/call names no tool.");
            return null;
        }
        return new ToolMessage(method ?? "", tool ?? "", id, tool + " " + arguments);
    }

    /// <summary>
    /// The headers of MCP 2026-07-28 say what the body says, or the message does not pass: what decides on a header must not be fooled.
    /// </summary>
    public ApiError? Mismatch(IHeaderDictionary headers)
    {
        if (headers.TryGetValue("Mcp-Method", out var method) && method.ToString() != Method)
            return new ApiError(400, "header_mismatch", "The header Mcp-Method and the body name different methods.")
            {
                RpcCode = HeaderMismatch,
            };
        return IsCall && headers.TryGetValue("Mcp-Name", out var name) && name.ToString() != Tool
            ? new ApiError(400, "header_mismatch", "The header Mcp-Name and the body name different tools.") { RpcCode = HeaderMismatch }
            : null;
    }

    private static (string Tool, string Arguments) ReadParams(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        string? tool = null;
        var arguments = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isName, isArguments) = (reader.ValueTextEquals("name"u8), reader.ValueTextEquals("arguments"u8));
            reader.Read();
            if (isName && tool is not null)
                throw new JsonException("twice");
            if (isName && reader.TokenType == JsonTokenType.String)
                tool = reader.GetString();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isArguments)
                arguments = Encoding.UTF8.GetString(body[start..(int)reader.BytesConsumed]);
        }
        return (tool ?? "", arguments);
    }
}
