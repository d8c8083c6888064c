using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Evals.Readers;

/// <summary>A single JSON value that is neither an object nor an array.</summary>
/// <param name="Kind">String, Number, True, False or Null; Object or Array for what was skipped.</param>
/// <param name="Text">Of a string.</param>
/// <param name="Number">Of a number; NaN for anything else, and for a number that a double does not hold.</param>
internal readonly record struct JsonScalar(JsonValueKind Kind, string? Text, double Number)
{
    public bool IsNull => Kind == JsonValueKind.Null;

    /// <summary>Null where it is neither true nor false.</summary>
    public bool? Flag =>
        Kind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };

    /// <summary>Null where it is no finite number.</summary>
    public double? Finite => Kind == JsonValueKind.Number && double.IsFinite(Number) ? Number : null;

    /// <summary>A string, or a number as it is written in an ID; null for anything else.</summary>
    public string? Name =>
        Kind switch
        {
            JsonValueKind.String => Text,
            JsonValueKind.Number => Number.ToString("R", CultureInfo.InvariantCulture),
            _ => null,
        };
}

/// <summary>
/// JSON as it comes from a stream: memory is bounded by the longest single text, whatever the length of the file. NaN and Infinity,
/// which Python writes although JSON has no such words, become the text "?", which is nowhere a score.
/// </summary>
internal sealed class JsonStream(Stream stream, bool lines = false)
{
    private const int MaxText = 32 * 1024 * 1024;
    private const int MaxDepth = 128;
    private const int MaxMembers = 10_000;

    private readonly BareWords words = new();
    private byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;
    private bool last;
    private bool begun;
    private bool skipping;
    private JsonReaderState state = new(new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = lines });
    private JsonScalar scalar;
    private string? name;

    /// <summary>The current token.</summary>
    public JsonTokenType Token { get; private set; }

    /// <summary>Tokens read so far.</summary>
    public long Position { get; private set; }

    private int Depth { get; set; }

    /// <summary>Moves to the next token; false at the end of a whole text.</summary>
    /// <exception cref="ResultsException">It is no JSON, ends too early, or crosses a bound.</exception>
    public bool Read()
    {
        try
        {
            while (!TryRead())
            {
                if (last)
                    return false;
                Fill();
            }
        }
        catch (JsonException exception)
        {
            throw ResultsException.Unreadable($"not JSON, or cut off: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw ResultsException.Unreadable($"a text is not valid UTF-8: {exception.Message}", exception);
        }
        Position++;
        return true;
    }

    /// <summary>Moves to the next token where there must be one.</summary>
    public void Require()
    {
        if (!Read())
            throw ResultsException.Unreadable("the JSON ends too early");
    }

    /// <summary>Walks the object that the current token starts. A member whose value is left alone is skipped.</summary>
    public void Object(Action<string> member)
    {
        if (Token != JsonTokenType.StartObject)
            throw ResultsException.Unreadable("an object is expected");
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            Require();
            if (Token == JsonTokenType.EndObject)
                return;
            var key = name!;
            // Readers differ on which of two counts, and that is room for a lie.
            if (!names.Add(key))
                throw ResultsException.Unreadable($"the key \"{key[..Math.Min(key.Length, 64)]}\" is used twice in one object");
            if (names.Count > MaxMembers)
                throw ResultsException.Unreadable($"an object of more than {MaxMembers} members");
            Require();
            Value(() => member(key));
        }
    }

    /// <summary>As <see cref="Object"/>, where it may be something else, which is skipped.</summary>
    public void ObjectIfAny(Action<string> member)
    {
        if (Token == JsonTokenType.StartObject)
            Object(member);
        else
            Skip();
    }

    /// <summary>
    /// Walks the array that the current token starts; anything else is skipped. An element that is left alone is skipped.
    /// </summary>
    public void ArrayIfAny(Action element)
    {
        if (Token != JsonTokenType.StartArray)
        {
            Skip();
            return;
        }
        while (true)
        {
            Require();
            if (Token == JsonTokenType.EndArray)
                return;
            Value(element);
        }
    }

    /// <summary>The current value where it is a scalar; an object or array is skipped.</summary>
    public JsonScalar Scalar()
    {
        if (Token == JsonTokenType.StartObject || Token == JsonTokenType.StartArray)
        {
            var kind = Token == JsonTokenType.StartObject ? JsonValueKind.Object : JsonValueKind.Array;
            Skip();
            return new JsonScalar(kind, null, double.NaN);
        }
        return scalar;
    }

    /// <summary>A list of texts, or a single one; anything else in it is left out.</summary>
    public List<string> Texts()
    {
        var texts = new List<string>();
        void Take()
        {
            if (Scalar().Text is { Length: > 0 } text && texts.Count < 1000)
                texts.Add(text);
        }
        if (Token == JsonTokenType.StartArray)
            ArrayIfAny(Take);
        else
            Take();
        return texts;
    }

    /// <summary>Feeds the current value, token by token, into a digest; an object's members in the order of the file.</summary>
    public void Digest(Action<string> feed)
    {
        var depth = 0;
        while (true)
        {
            depth += Token switch
            {
                JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
                JsonTokenType.EndObject or JsonTokenType.EndArray => -1,
                _ => 0,
            };
            feed(
                Token switch
                {
                    JsonTokenType.PropertyName => "k" + name,
                    JsonTokenType.String => "s" + scalar.Text,
                    JsonTokenType.Number => "n" + scalar.Name,
                    _ => Token.ToString(),
                }
            );
            if (depth == 0)
                return;
            Require();
        }
    }

    /// <summary>Moves to the end of the current value.</summary>
    public void Skip()
    {
        if (Token is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        var outer = Depth;
        skipping = true;
        do Require();
        while (Depth > outer || Token is not (JsonTokenType.EndObject or JsonTokenType.EndArray));
        skipping = false;
    }

    private void Value(Action use)
    {
        var before = Position;
        use();
        if (Position == before)
            Skip();
    }

    private bool TryRead()
    {
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), last, state);
        var read = reader.Read();
        start += (int)reader.BytesConsumed;
        state = reader.CurrentState;
        if (!read)
            return false;
        Token = reader.TokenType;
        Depth = reader.CurrentDepth;
        // Transcripts are most of a log, and nobody looks at them here.
        if (skipping)
            return true;
        name = Token == JsonTokenType.PropertyName ? reader.GetString() : null;
        scalar = Token switch
        {
            JsonTokenType.String => new JsonScalar(JsonValueKind.String, reader.GetString(), double.NaN),
            JsonTokenType.Number => new JsonScalar(JsonValueKind.Number, null, reader.TryGetDouble(out var number) ? number : double.NaN),
            JsonTokenType.True => new JsonScalar(JsonValueKind.True, null, double.NaN),
            JsonTokenType.False => new JsonScalar(JsonValueKind.False, null, double.NaN),
            _ => new JsonScalar(JsonValueKind.Null, null, double.NaN),
        };
        return true;
    }

    private void Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        end -= start;
        start = 0;
        if (end == buffer.Length)
        {
            if (buffer.Length >= MaxText)
                throw ResultsException.Unreadable($"a single text of more than {MaxText} bytes");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        // Whole buffers: a reader that is asked again for every small piece of a long text takes forever.
        var room = buffer.Length - end;
        var count = stream.ReadAtLeast(buffer.AsSpan(end, room), room, throwOnEndOfStream: false);
        last = count < room;
        words.Replace(buffer, end, count);
        end += count;
        if (!begun && end >= 3)
        {
            begun = true;
            if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble))
                start = 3;
        }
    }

    /// <summary>Turns NaN and Infinity outside of texts into texts of the same length.</summary>
    private sealed class BareWords
    {
        private bool inText;
        private bool escaped;
        private string? word;
        private int at;

        public void Replace(byte[] buffer, int offset, int count)
        {
            for (var i = offset; i < offset + count; i++)
            {
                var value = buffer[i];
                if (word is not null)
                    Continue(buffer, i, value);
                else if (inText)
                {
                    if (escaped)
                        escaped = false;
                    else if (value == '\\')
                        escaped = true;
                    else if (value == '"')
                        inText = false;
                    else
                    {
                        var more = buffer.AsSpan(i, offset + count - i).IndexOfAny((byte)'"', (byte)'\\');
                        i = more < 0 ? offset + count : i + more - 1;
                    }
                }
                else if (value == '"')
                    inText = true;
                else if (value is (byte)'N' or (byte)'I')
                {
                    word = value == 'N' ? "NaN" : "Infinity";
                    at = 0;
                    // A sign alone is never consumed, so it is still there.
                    if (i > 0 && buffer[i - 1] == '-')
                        buffer[i - 1] = (byte)' ';
                    Continue(buffer, i, value);
                }
            }
        }

        private void Continue(byte[] buffer, int i, byte value)
        {
            // Another word is no JSON either way; the reader finds the broken text.
            buffer[i] =
                value != word![at] ? (byte)'\n'
                : at == 0 || at == word.Length - 1 ? (byte)'"'
                : (byte)'?';
            at++;
            if (at == word.Length)
                word = null;
        }
    }
}
