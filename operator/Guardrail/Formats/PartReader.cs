using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Reads the parts of a message's content: one whose type is none of text is media, and counts for a full context window.
/// </summary>
/// <param name="texts">The types of text.</param>
/// <param name="needsType">A part without a type is refused; else it counts as text.</param>
internal sealed class PartReader(byte[][] texts, bool needsType)
{
    private static readonly string[] TypeKey = ["type"];

    // What a part of text has beside it. An image in a part that calls itself text is an image.
    private static readonly FieldNames TextFields = new(
        ["annotations", "cache_control", "citations", "encrypted_content", "logprobs", "outcome", "prompt_cache_breakpoint", "summary"],
        [],
        ""
    )
    {
        MayHoldMedia = true,
    };

    /// <summary>Reads one part, as a <see cref="KeyReader"/>.</summary>
    public ApiError? Read(string name, ref Utf8JsonReader reader, MeteredRequest request)
    {
        var typed = false;
        var error = BodyReader.ReadObject(
            ref reader,
            TypeKey,
            request,
            (string _, ref Utf8JsonReader r, MeteredRequest q) =>
            {
                typed = true;
                if (r.TokenType == JsonTokenType.String && !r.ValueIsEscaped && q.Facts.RefusesPart(r.ValueSpan))
                    return BodyReader.Unbounded(name, "A part of this type costs more than its tokens at this provider.");
                q.MediaInput |= r.TokenType != JsonTokenType.String || !IsText(ref r);
                r.Skip();
                return null;
            },
            TextFields
        );
        return error ?? (typed || !needsType ? null : BodyReader.Bad("missing_parameter", name, "A content part has no type."));
    }

    private bool IsText(ref Utf8JsonReader reader)
    {
        foreach (var text in texts)
        {
            if (reader.ValueTextEquals(text))
                return true;
        }
        return false;
    }
}
