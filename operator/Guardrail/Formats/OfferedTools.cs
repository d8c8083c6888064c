using System.Text.Json;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;
using static AgentReadiness.Guardrail.Formats.JsonMembers;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>The tools that a request offers to a model. Immutable.</summary>
internal sealed class OfferedTools
{
    /// <summary>The longest request that is taken apart, bytes.</summary>
    public const int Longest = 16 * 1024 * 1024;

    private const int Most = 1024;
    private const int MaxDepth = 256;

    private readonly Dictionary<string, Offered> tools = new(StringComparer.Ordinal);

    // There may be tools that are not known here: the provider keeps some, or one cannot be read.
    private bool hasGaps;

    private OfferedTools() { }

    /// <summary>Reads a request's body.</summary>
    public static OfferedTools Read(UsageApi api, ReadOnlyMemory<byte> body)
    {
        var offered = new OfferedTools { hasGaps = body.Length > Longest };
        if (offered.hasGaps)
            return offered;
        try
        {
            // Not disposed: the schemas are of it, and live as long as these tools.
            var root = JsonElement.Parse(body.Span, new JsonDocumentOptions { MaxDepth = MaxDepth });
            // A prompt or a cache that is stored at the provider may hold tools, too.
            foreach (var stored in (string[])["prompt", "cachedContent", "cached_content"])
                offered.hasGaps |= root.TryGetProperty(stored, out var there) && there.ValueKind != JsonValueKind.Null;
            foreach (var tool in List(root, "tools"))
                offered.Add(api, tool);
            foreach (var old in List(root, "functions"))
                offered.Add(old, "parameters");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            offered.hasGaps = true;
        }
        return offered;
    }

    /// <summary>Holds a model's call against them.</summary>
    public ToolCheck Check(in EmittedCall call, TimeProvider time)
    {
        if (!tools.TryGetValue(call.Tool, out var tool))
            return new ToolCheck(hasGaps ? ToolVerdict.NoList : ToolVerdict.UnknownTool);
        if (tool.IsTwice)
            return new ToolCheck(ToolVerdict.ListedTwice);
        if (call.Unread is { } unread)
            return new ToolCheck(unread);
        if (call.IsText)
            return new ToolCheck(tool.Schema is null ? ToolVerdict.Fits : ToolVerdict.NoSchema);
        return tool.Schema?.Check(call.Arguments, time) ?? new ToolCheck(ToolVerdict.NoSchema);
    }

    private void Add(UsageApi api, JsonElement tool)
    {
        switch (api)
        {
            case UsageApi.Chat when Member(tool, "function") is { } function:
                Add(function, "parameters");
                break;
            case UsageApi.Chat when Member(tool, "custom") is { } custom:
                Add(custom, null);
                break;
            case UsageApi.Responses when Text(tool, "type") == "function":
                Add(tool, "parameters");
                break;
            case UsageApi.Responses when Text(tool, "type") == "custom":
                Add(tool, null);
                break;
            // A tool of the provider's own: its calls are items of other types.
            case UsageApi.Responses when Text(tool, "type") is "local_shell" or "apply_patch" or "computer_use_preview" or "computer":
                break;
            case UsageApi.Messages:
                Add(tool, "input_schema");
                break;
            case UsageApi.Gemini when (Member(tool, "functionDeclarations") ?? Member(tool, "function_declarations")) is { } declared:
                if (declared.ValueKind != JsonValueKind.Array)
                    hasGaps = true;
                else
                    foreach (var one in declared.EnumerateArray())
                        Add(one, "parameters", "parametersJsonSchema", "parameters_json_schema");
                break;
            // What Gemini runs itself (a search, code) has no names.
            case UsageApi.Gemini:
                break;
            default:
                hasGaps = true;
                break;
        }
    }

    private void Add(JsonElement tool, string? schema, params ReadOnlySpan<string> standard)
    {
        if (Text(tool, "name") is not { } name || tools.Count >= Most)
        {
            hasGaps = true;
            return;
        }
        Offered offered;
        if (schema is null)
        {
            offered = new Offered(null, false);
        }
        else
        {
            var isOpenApi = standard.Length > 0;
            var found = Member(tool, schema);
            foreach (var other in standard)
            {
                if (Member(tool, other) is { } better)
                    (found, isOpenApi) = (better, false);
            }
            // A function without parameters has none, whatever its provider.
            offered = new Offered(
                found is null or { ValueKind: JsonValueKind.Null } ? ToolSchema.None : new ToolSchema(found, isOpenApi),
                false
            );
        }
        tools[name] = tools.ContainsKey(name) ? offered with { IsTwice = true } : offered;
    }

    // Without a schema, its arguments are a free text.
    private readonly record struct Offered(ToolSchema? Schema, bool IsTwice);
}
