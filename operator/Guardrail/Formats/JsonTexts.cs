using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>The texts of a JSON value, as a model would read them. Pure.</summary>
internal static class JsonTexts
{
    /// <summary>
    /// The members called <c>text</c>, line by line, and apart from them all other texts and names. What is no JSON is a text itself.
    /// </summary>
    public static (string Texts, string Others) Of(ReadOnlySpan<byte> json)
    {
        var (texts, others) = (new StringBuilder(), new StringBuilder());
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = RpcMessage.MaxDepth });
            var isText = false;
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    isText = RpcMessage.Is(ref reader, "text"u8);
                    if (!isText)
                        others.AppendLine(Plain(ref reader));
                }
                else if (reader.TokenType == JsonTokenType.String)
                {
                    Add(isText ? texts : others, Plain(ref reader));
                }
            }
        }
        catch (JsonException)
        {
            return (BodyText.Of(json), "");
        }
        return (texts.ToString(), others.ToString());
    }

    /// <summary>A text or a name; as it stands there where it is no UTF-16 (a lone surrogate).</summary>
    public static string Plain(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    private static void Add(StringBuilder to, string text)
    {
        if (to.Length > 0)
            to.Append('\n');
        to.Append(text);
    }
}
