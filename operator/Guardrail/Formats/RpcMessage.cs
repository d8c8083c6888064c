using System.Buffers;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>A JSON-RPC message of a server, and where its parts stand. The only way to find the messages of an answer. Pure.</summary>
/// <param name="Text">The message.</param>
/// <param name="Id">The id of the request that it answers, as JSON; null where it has none.</param>
/// <param name="Error">The member <c>error</c>; null where there is none, or it is null.</param>
/// <param name="Results">The members <c>result</c> that are objects. There should be one: where there are several, readers differ.</param>
internal sealed record RpcMessage(ReadOnlyMemory<byte> Text, string? Id, ReadOnlyMemory<byte>? Error, IReadOnlyList<Range> Results)
{
    /// <summary>How deep a message may be; a deeper one is not read.</summary>
    public const int MaxDepth = 1024;

    // White space, and the mark of UTF-8.
    private static readonly SearchValues<byte> Lead = SearchValues.Create([0x20, 0x09, 0x0d, 0x0a, 0xef, 0xbb, 0xbf]);

    /// <summary>Reads a message; null where it is none.</summary>
    public static RpcMessage? Read(ReadOnlyMemory<byte> text)
    {
        var start = text.Span.IndexOfAnyExcept(Lead);
        if (start < 0)
            return null;
        try
        {
            var reader = new Utf8JsonReader(text.Span[start..], new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            string? id = null;
            ReadOnlyMemory<byte>? error = null;
            var results = new List<Range>();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = Name(ref reader);
                reader.Read();
                var (kind, at) = (reader.TokenType, start + (int)reader.TokenStartIndex);
                reader.Skip();
                var end = start + (int)reader.BytesConsumed;
                switch (name)
                {
                    case "id":
                        id = Encoding.UTF8.GetString(text.Span[at..end]);
                        break;
                    case "error":
                        // Without its type, the null would become an empty text.
                        error = kind == JsonTokenType.Null ? default(ReadOnlyMemory<byte>?) : text[at..end];
                        break;
                    case "result" when kind == JsonTokenType.StartObject:
                        results.Add(at..end);
                        break;
                }
            }
            while (reader.Read()) { }
            return new RpcMessage(text, id, error, results);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The messages of a whole answer, which is one of them or a stream of events with one in each.</summary>
    public static IEnumerable<RpcMessage> All(ReadOnlyMemory<byte> answer) => Texts(answer).Select(Read).OfType<RpcMessage>();

    /// <summary>The texts of a whole answer in which messages may stand.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Texts(ReadOnlyMemory<byte> answer)
    {
        var start = answer.Span.IndexOfAnyExcept(Lead);
        if (start < 0)
            yield break;
        if (answer.Span[start] == (byte)'{')
        {
            yield return answer[start..];
            yield break;
        }
        var cutter = new EventCutter();
        while (answer.Length > 0)
        {
            var end = cutter.Next(answer.Span);
            // The last event may lack its empty line: what it says is whole where it is JSON.
            var data = EventData.Of(end < 0 ? answer : answer[..end]).Text;
            answer = end < 0 ? default : answer[end..];
            if (data.Length > 0)
                yield return data;
        }
    }

    /// <summary>It answers the request of this id, which is given as JSON.</summary>
    public bool Answers(string id)
    {
        if (Id is null)
            return false;
        try
        {
            return JsonElement.DeepEquals(JsonElement.Parse(Id), JsonElement.Parse(id));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether a name or a text is the one that is looked for. One that is no UTF-16 (a lone surrogate) is another one.</summary>
    internal static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        try
        {
            return reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string? Name(ref Utf8JsonReader reader) =>
        Is(ref reader, "id"u8) ? "id"
        : Is(ref reader, "error"u8) ? "error"
        : Is(ref reader, "result"u8) ? "result"
        : null;
}
