using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Reads the value of one metered key. The reader stands on the value's first token, and is to end on its last.</summary>
internal delegate ApiError? KeyReader(string key, ref Utf8JsonReader reader, MeteredRequest request);

/// <summary>
/// Walks over a JSON body once, without building a tree, and stops at the keys that decide what a call costs: each may stand there once,
/// and in no other spelling, because providers differ in which one wins.
/// </summary>
internal static class BodyReader
{
    /// <summary>The deepest nesting that is read.</summary>
    public const int MaxDepth = 256;

    // Only a key of fitting length can be another spelling; an escaped letter takes six bytes.
    private const int LongestSpelling = 160;

    private static readonly ApiError NotJson = new(400, "invalid_json", "The body is not a JSON object in UTF-8.");

    /// <summary>Reads a whole body. Where it returns an error, the request is refused.</summary>
    /// <param name="body">The body.</param>
    /// <param name="keys">The fields that are read.</param>
    /// <param name="fields">The fields that may be there beside them.</param>
    /// <param name="request">Takes what they say.</param>
    /// <param name="value">Reads the value of one.</param>
    public static ApiError? Read(ReadOnlySpan<byte> body, string[] keys, FieldNames fields, MeteredRequest request, KeyReader value)
    {
        // A broken sequence becomes a character of three bytes at the provider, and more tokens than the byte that was counted here.
        if (!Utf8.IsValid(body))
            return NotJson;
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return NotJson;
            request.InsertAt = request.FieldsAt = (int)reader.BytesConsumed;
            if (ReadObject(ref reader, keys, request, value, fields) is { } error)
                return error;
            // The reader refuses anything after the object.
            while (reader.Read()) { }
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException: a string with invalid UTF-8 or half a surrogate pair. The message could quote the body, so it is
            // not passed on.
            return NotJson;
        }
    }

    /// <summary>Reads an object whose start was just read, and ends on its end.</summary>
    /// <param name="reader">Stands on its start.</param>
    /// <param name="keys">The fields that are read.</param>
    /// <param name="request">Takes what they say.</param>
    /// <param name="value">Reads the value of one.</param>
    /// <param name="fields">The fields that may be there beside them; null: all others.</param>
    public static ApiError? ReadObject(
        ref Utf8JsonReader reader,
        string[] keys,
        MeteredRequest request,
        KeyReader value,
        FieldNames? fields = null
    )
    {
        var seen = 0L;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, keys, ref seen, out var name, request.EitherSpelling) is { } wrong)
                return wrong;
            if (name is null)
            {
                if (ReadFree(ref reader, fields, request) is { } unlisted)
                    return unlisted;
                continue;
            }
            reader.Read();
            if (fields?.Refuses(name) == true && reader.TokenType != JsonTokenType.Null)
                return fields.Refusal(name);
            if (value(name, ref reader, request) is { } error)
                return error;
        }
        return null;
    }

    /// <summary>Which of the keys the reader stands on. An error where it stands there again, or in another spelling.</summary>
    /// <param name="reader">Stands on the name of a member.</param>
    /// <param name="keys">The keys, 64 at most.</param>
    /// <param name="seen">Those that were there already: a bit for each.</param>
    /// <param name="name">The key; null where it is none of them.</param>
    /// <param name="eitherSpelling">Both snake_case and camelCase are right.</param>
    public static ApiError? Next(ref Utf8JsonReader reader, string[] keys, ref long seen, out string? name, bool eitherSpelling = false)
    {
        name = null;
        var key = Key(ref reader, keys, eitherSpelling, out var misspelt);
        if (key < 0)
            return null;
        if (misspelt)
            return Bad(
                "ambiguous_parameter",
                keys[key],
                $"A key differs from \"{keys[key]}\" in its spelling only: servers disagree on what that means."
            );
        if ((seen & (1L << key)) != 0)
            return Bad("duplicate_parameter", keys[key], $"\"{keys[key]}\" is there more than once: servers disagree on which one counts.");
        seen |= 1L << key;
        name = keys[key];
        return null;
    }

    /// <summary>Passes over a field that is not read, where it may be there. Null stands for a field that is not there.</summary>
    private static ApiError? ReadFree(ref Utf8JsonReader reader, FieldNames? fields, MeteredRequest request)
    {
        var name = reader;
        FieldNames? within = null;
        var listed = fields is null || fields.Allows(ref reader, out within);
        reader.Read();
        if (!listed && fields!.MayHoldMedia)
            request.MediaInput |= reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        else if (!listed && reader.TokenType != JsonTokenType.Null)
            return fields!.Refusal(name.ValueSpan.Length <= LongestSpelling ? name.GetString()! : "…");
        if (within is not null && reader.TokenType == JsonTokenType.StartObject)
            return ReadObject(ref reader, [], request, Nothing, within);
        reader.Skip();
        return null;
    }

    private static ApiError? Nothing(string key, ref Utf8JsonReader reader, MeteredRequest request) => null;

    /// <summary>Reads an array of objects: each object's start is handed over, and its end is expected back.</summary>
    public static ApiError? ReadObjects(ref Utf8JsonReader reader, string name, MeteredRequest request, KeyReader item)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            return Bad("invalid_type", name, $"\"{name}\" must be an array.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return Bad("invalid_type", name, $"\"{name}\" must hold objects.");
            if (item(name, ref reader, request) is { } error)
                return error;
        }
        return null;
    }

    /// <summary>Reads the model's name.</summary>
    public static ApiError? ReadModel(ref Utf8JsonReader reader, MeteredRequest request)
    {
        if (reader.TokenType != JsonTokenType.String)
            return Bad("invalid_type", "model", "\"model\" must be a string.");
        request.Model = reader.GetString()!;
        request.ModelAt = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
        return request.Model.Length > 256 ? Bad("invalid_value", "model", "\"model\" is longer than 256 characters.") : null;
    }

    /// <summary>Reads true, false or null.</summary>
    public static ApiError? ReadFlag(ref Utf8JsonReader reader, string name, out bool flag)
    {
        flag = reader.TokenType == JsonTokenType.True;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
            ? null
            : Bad("invalid_type", name, $"\"{name}\" must be true or false.");
    }

    /// <summary>Reads a whole number, or null.</summary>
    public static ApiError? ReadCount(ref Utf8JsonReader reader, string name, int most, out long? count)
    {
        count = null;
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value < 1 || value > most)
            return Unbounded(name, $"\"{name}\" must be a whole number from 1 to {most}, written without fraction or exponent.");
        count = value;
        return null;
    }

    /// <summary>Reads an output limit, and remembers where it stands.</summary>
    public static ApiError? ReadLimit(ref Utf8JsonReader reader, string name, MeteredRequest request)
    {
        var at = (int)reader.TokenStartIndex;
        if (ReadCount(ref reader, name, int.MaxValue, out var value) is { } error)
            return error;
        request.Limits.Add(new LimitSpot(at, (int)reader.BytesConsumed - at, value));
        return null;
    }

    /// <summary>Reads the name of a tier or a place, or null.</summary>
    public static ApiError? ReadWord(ref Utf8JsonReader reader, string name, out string? word)
    {
        word = null;
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > 64)
            return Bad("invalid_type", name, $"\"{name}\" must be a string of at most 64 characters.");
        word = reader.GetString();
        return null;
    }

    /// <summary>Reads the service tier, or null.</summary>
    public static ApiError? ReadServiceTier(ref Utf8JsonReader reader, string name, MeteredRequest request)
    {
        var error = ReadWord(ref reader, name, out var tier);
        request.ServiceTier = tier;
        return error;
    }

    /// <summary>Refuses anything but null: what it would cost cannot be told from the body.</summary>
    public static ApiError? RefuseValue(ref Utf8JsonReader reader, string name) =>
        reader.TokenType == JsonTokenType.Null ? null : Unbounded(name, $"The cost of \"{name}\" cannot be bounded.");

    /// <summary>A request that is wrong.</summary>
    public static ApiError Bad(string code, string param, string message) => new(400, code, message) { Param = param };

    /// <summary>A request whose cost has no bound.</summary>
    public static ApiError Unbounded(string param, string message) => new(400, "unbounded_cost", message) { Param = param };

    private static int Key(ref Utf8JsonReader reader, string[] keys, bool eitherSpelling, out bool misspelt)
    {
        misspelt = false;
        for (var i = 0; i < keys.Length; i++)
        {
            if (reader.ValueTextEquals(keys[i]) || (eitherSpelling && !reader.ValueIsEscaped && IsSnake(reader.ValueSpan, keys[i])))
                return i;
        }
        if (reader.ValueSpan.Length > LongestSpelling || !MayBe(reader.ValueSpan, reader.ValueIsEscaped, keys))
            return -1;
        // Some servers ignore case.
        var text = reader.GetString()!;
        var folded = text.Contains('_', StringComparison.Ordinal) ? text.Replace("_", "", StringComparison.Ordinal) : text;
        for (var i = 0; i < keys.Length; i++)
        {
            if (
                string.Equals(text, keys[i], StringComparison.OrdinalIgnoreCase)
                || string.Equals(folded, keys[i], StringComparison.OrdinalIgnoreCase)
            )
            {
                misspelt = true;
                return i;
            }
        }
        return -1;
    }

    /// <summary>Whether a name is a key of camelCase in snake_case.</summary>
    private static bool IsSnake(ReadOnlySpan<byte> name, string key)
    {
        var at = 0;
        foreach (var letter in key)
        {
            if (char.IsAsciiLetterUpper(letter))
            {
                if (at >= name.Length || name[at++] != '_')
                    return false;
            }
            if (at >= name.Length || name[at++] != char.ToLowerInvariant(letter))
                return false;
        }
        return at == name.Length;
    }

    /// <summary>Whether a name has the length of a key in another spelling: most have not, and cost no more than this.</summary>
    private static bool MayBe(ReadOnlySpan<byte> name, bool escaped, string[] keys)
    {
        if (escaped)
            return true;
        var folded = name.Length - name.Count((byte)'_');
        foreach (var key in keys)
        {
            if (key.Length == name.Length || key.Length == folded)
                return true;
        }
        return false;
    }
}
