using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What a JSON-RPC message of MCP asks for. A key that decides on a call is there once and in one spelling only, as in a model's body:
/// servers differ in whether they take "Method" for "method", and which of two keys counts.
/// </summary>
/// <param name="Method">"tools/call", "initialize", …; empty for an answer.</param>
/// <param name="Tool">The tool's name, of a call.</param>
/// <param name="Id">The request's id as JSON, or null for a notification.</param>
/// <param name="Arguments">Where the arguments of the call stand in the body; empty where there are none.</param>
internal sealed record ToolMessage(string Method, string Tool, string? Id, Range Arguments)
{
    /// <summary>
    /// The member of <c>_meta</c> that names a call with side effects. MCP has none of its own; the proposal SEP-3182, which was closed,
    /// called it so.
    /// </summary>
    public const string KeyMember = "idempotencyKey";

    private const int LongestId = 256;
    private const int HeaderMismatch = -32020;

    // As JSON: an escaped character takes six bytes. MCP 2025-11-25 lets a name have 128 characters.
    private const int LongestName = 256 * 6;

    private static readonly string[] Keys = ["jsonrpc", "id", "method", "params"];
    private static readonly string[] ParamKeys = ["name", "arguments", "_meta", "inputResponses", "requestState"];
    private static readonly string[] MetaKeys = [KeyMember];
    private static readonly ApiError NotMessage = new(400, "invalid_json", "The body is no JSON-RPC message: it is not JSON in UTF-8.");

    /// <summary>The method by which a tool is called.</summary>
    public const string Call = "tools/call";

    /// <summary>Where the answers stand to what the tool asked (MCP 2026-07-28); empty where there are none.</summary>
    public Range InputResponses { get; init; }

    /// <summary>Where the state stands that the tool gave with its question; empty where there is none.</summary>
    public Range RequestState { get; init; }

    /// <summary>The key that the agent gave to the call in <c>_meta</c>; null: none.</summary>
    public string? OwnKey { get; init; }

    /// <summary>Why no key can be read from <c>_meta</c>, although something like one is there; null where all is well.</summary>
    public ApiError? KeyError { get; init; }

    /// <summary>The call carries a key of the agent's own, by which the tool knows a call that comes twice.</summary>
    public bool HasKey => KeyError is null && OwnKey is { Length: > 0 and <= LongestId };

    /// <summary>Puts a key into the body; null where one stands there, or it has no place.</summary>
    public MetaSpot? KeySpot { get; init; }

    /// <summary>
    /// A hash of what is asked for: of all parameters but <c>_meta</c>, whatever their order. A further round of a call (MCP 2026-07-28:
    /// with
    /// <c>inputResponses</c> and <c>requestState</c>) has the arguments of the first one and asks for something else.
    /// </summary>
    public UInt128 Asked { get; init; }

    /// <summary>It calls a tool.</summary>
    public bool IsCall => Method == Call;

    /// <summary>Reads a message; null and an error where it is refused.</summary>
    public static ToolMessage? Read(ReadOnlySpan<byte> body, out ApiError? error)
    {
        if (!Utf8.IsValid(body))
        {
            error = NotMessage;
            return null;
        }
        var found = new Found();
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = BodyReader.MaxDepth });
            error = ReadMessage(ref reader, body, ref found);
            while (error is null && reader.Read()) { }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            error = NotMessage;
        }
        error ??= found.Check();
        return error is null
            ? new ToolMessage(found.Method ?? "", found.Tool ?? "", found.Id, found.Arguments)
            {
                InputResponses = found.InputResponses,
                RequestState = found.RequestState,
                OwnKey = found.OwnKey,
                KeyError = found.KeyError,
                KeySpot = found.Spot,
                Asked = found.Asked,
            }
            : null;
    }

    /// <summary>
    /// The headers of MCP 2026-07-28 say what the body says, or the message does not pass: what decides on a header must not be fooled.
    /// </summary>
    public ApiError? Mismatch(IHeaderDictionary headers)
    {
        if (headers.TryGetValue("Mcp-Method", out var method) && McpHeaderValue.Decode(method.ToString()) != Method)
            return new ApiError(400, "header_mismatch", "The header Mcp-Method and the body name different methods.")
            {
                RpcCode = HeaderMismatch,
            };
        return IsCall && headers.TryGetValue("Mcp-Name", out var name) && McpHeaderValue.Decode(name.ToString()) != Tool
            ? new ApiError(400, "header_mismatch", "The header Mcp-Name and the body name different tools.") { RpcCode = HeaderMismatch }
            : null;
    }

    private static ApiError? ReadMessage(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ref Found found)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return reader.TokenType == JsonTokenType.StartArray
                ? new ApiError(
                    400,
                    "batch_not_supported",
                    "A batch of JSON-RPC messages does not pass: send them one by one (MCP since 2025-06-18)."
                )
                : NotMessage;
        var seen = 0L;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (BodyReader.Next(ref reader, Keys, ref seen, out var key) is { } wrong)
                return wrong;
            reader.Read();
            switch (key)
            {
                case "method" when reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= LongestName:
                    found.Method = reader.GetString();
                    break;
                case "method":
                    return BodyReader.Bad(
                        "invalid_request",
                        key,
                        "The method of a JSON-RPC message must be a string of at most 256 characters."
                    );
                case "id" when reader.TokenType is JsonTokenType.String or JsonTokenType.Number && reader.ValueSpan.Length <= LongestId:
                    found.Id = Encoding.UTF8.GetString(body[(int)reader.TokenStartIndex..(int)reader.BytesConsumed]);
                    break;
                case "params" when reader.TokenType == JsonTokenType.StartObject:
                    ReadParams(ref reader, body, ref found);
                    break;
            }
            reader.Skip();
        }
        return null;
    }

    private static void ReadParams(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ref Found found)
    {
        var seen = 0L;
        found.Spot = new MetaSpot((int)reader.BytesConsumed, HasMeta: false, IsEmpty: true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            found.Spot = found.Spot is { HasMeta: false } spot ? spot with { IsEmpty = false } : found.Spot;
            var member = (int)reader.TokenStartIndex;
            // Only a call's parameters have to be told apart, and which method this is may come later.
            var wrong = BodyReader.Next(ref reader, ParamKeys, ref seen, out var key);
            found.Ambiguous ??= wrong;
            reader.Read();
            if (key == "name" && reader.TokenType == JsonTokenType.String)
            {
                found.IsLong = reader.ValueSpan.Length > LongestName;
                found.Tool = found.IsLong ? null : reader.GetString();
            }
            var start = (int)reader.TokenStartIndex;
            if (key == "_meta")
                ReadMeta(ref reader, ref found);
            reader.Skip();
            var part = start..(int)reader.BytesConsumed;
            if (key != "_meta")
                found.Asked += XxHash128.HashToUInt128(body[member..(int)reader.BytesConsumed]);
            if (key == "arguments")
                found.Arguments = part;
            else if (key == "inputResponses")
                found.InputResponses = part;
            else if (key == "requestState")
                found.RequestState = part;
        }
    }

    private static void ReadMeta(ref Utf8JsonReader reader, ref Found found)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            found.Spot = null;
            return;
        }
        var (seen, empty) = (0L, true);
        var at = (int)reader.BytesConsumed;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            empty = false;
            var wrong = BodyReader.Next(ref reader, MetaKeys, ref seen, out var key);
            found.KeyError ??= wrong;
            reader.Read();
            if (key is not null && reader.TokenType == JsonTokenType.String)
                found.OwnKey = reader.GetString();
            else if (key is not null)
                found.KeyError ??= BodyReader.Bad("invalid_params", KeyMember, $"\"{KeyMember}\" must be a string.");
            reader.Skip();
        }
        found.Spot = found.OwnKey is null && found.KeyError is null ? new MetaSpot(at, HasMeta: true, empty) : null;
    }

    /// <summary>What was read so far.</summary>
    private struct Found
    {
        public string? Method;
        public string? Id;
        public string? Tool;
        public Range Arguments;
        public Range InputResponses;
        public Range RequestState;
        public UInt128 Asked;
        public string? OwnKey;
        public MetaSpot? Spot;
        public bool IsLong;
        public ApiError? KeyError;
        public ApiError? Ambiguous;

        public readonly ApiError? Check()
        {
            var folded = Method is null ? "" : string.Concat(Method.Where(c => !char.IsWhiteSpace(c) && !char.IsControl(c)));
            if (!folded.Equals(Call, StringComparison.OrdinalIgnoreCase))
                return null;
            if (Method != Call)
                return BodyReader.Bad("ambiguous_parameter", "method", $"The method differs from \"{Call}\" in its spelling only.");
            if (Ambiguous is not null)
                return Ambiguous;
            if (IsLong)
                return BodyReader.Bad("invalid_params", "name", "The name of a tool may have 256 characters.");
            return string.IsNullOrEmpty(Tool) ? BodyReader.Bad("invalid_params", "name", $"{Call} names no tool.") : null;
        }
    }
}
