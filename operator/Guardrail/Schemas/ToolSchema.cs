using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>The schema of a tool's arguments, as the tool or a request gives it. Immutable.</summary>
/// <param name="schema">The schema; null where the tool has none.</param>
/// <param name="isOpenApi">It is OpenAPI's subset, as Gemini has it: types in capitals, and <c>nullable</c>.</param>
internal sealed class ToolSchema(JsonElement? schema, bool isOpenApi = false)
{
    /// <summary>The longest arguments and the longest schema that are looked at, bytes.</summary>
    public const int Longest = 256 * 1024;

    /// <summary>How deep arguments and schemas may be nested.</summary>
    public const int MaxDepth = 64;

    // A text of a member that is no Unicode is found when it is read.
    private const int ReadDepth = 1024;

    private static readonly JsonDocumentOptions Once = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>A tool without a schema.</summary>
    public static ToolSchema None { get; } = new(null);

    /// <summary>
    /// Checks arguments, which are JSON. No text at all is an object without members: that is how some providers write it.
    /// </summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="time">The clock.</param>
    public ToolCheck Check(ReadOnlyMemory<byte> arguments, TimeProvider time)
    {
        if (arguments.Span.Trim(" \t\r\n"u8).IsEmpty)
            arguments = "{}"u8.ToArray();
        if (arguments.Length > Longest)
            return new ToolCheck(ToolVerdict.TooLong);
        if (Unreadable(arguments, out var isDeep) is { } wrong)
            return wrong;
        if (isDeep)
            return new ToolCheck(ToolVerdict.TooDeep);
        try
        {
            using var document = JsonDocument.Parse(arguments, Once);
            return Check(document.RootElement, time);
        }
        catch (JsonException)
        {
            return new ToolCheck(ToolVerdict.NotJson, "one of them", "is there twice under one name");
        }
        catch (InvalidOperationException)
        {
            return new ToolCheck(ToolVerdict.NotUnicode);
        }
    }

    private ToolCheck Check(JsonElement value, TimeProvider time)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return new ToolCheck(ToolVerdict.BreaksSchema, SchemaPlace.Root.Text(), "must be an object");
        if (schema is not { } root)
            return new ToolCheck(ToolVerdict.NoSchema);
        if (JsonMarshal.GetRawUtf8Value(root).Length > Longest)
            return new ToolCheck(ToolVerdict.TooLong);
        return new SchemaEvaluator(root, isOpenApi, time).Check(value);
    }

    private static ToolCheck? Unreadable(ReadOnlyMemory<byte> arguments, out bool isDeep)
    {
        isDeep = false;
        try
        {
            var reader = new Utf8JsonReader(arguments.Span, new JsonReaderOptions { MaxDepth = ReadDepth });
            while (reader.Read())
                isDeep |= reader.CurrentDepth >= MaxDepth;
            return null;
        }
        catch (JsonException) when (isDeep)
        {
            // Deeper still than is read, or broken behind its depth: nobody knows which.
            return null;
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException)
        {
            return new ToolCheck(ToolVerdict.NotJson, "they", "are no JSON text");
        }
    }
}
