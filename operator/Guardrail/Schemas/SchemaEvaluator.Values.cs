using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>The keywords on single values.</summary>
internal sealed partial class SchemaEvaluator
{
    private const int MostShown = 8;
    private const int LongestShown = 64;

    private Truth Type(JsonElement types, JsonElement value, SchemaPlace place, Frame frame)
    {
        var names = types.ValueKind == JsonValueKind.Array ? types.EnumerateArray().ToList() : [types];
        var (open, fits) = (names.Count == 0, false);
        foreach (var one in names)
        {
            if (!Spend(1))
                return Truth.Unknown;
            switch (one.ValueKind == JsonValueKind.String ? IsOf(one.GetString()!, value) : null)
            {
                case true:
                    fits = true;
                    break;
                case null:
                    open = true;
                    break;
            }
        }
        if (fits)
            return Truth.Yes;
        return open
            ? Unknown(ToolVerdict.NotSchema)
            : Break(place, $"must be {string.Join(" or ", names.Select(name => Article(name.GetString()!)))}", frame);
    }

    private bool? IsOf(string type, JsonElement value)
    {
        var name = isOpenApi ? type.ToLowerInvariant() : type;
        return name switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "null" => value.ValueKind == JsonValueKind.Null,
            "number" => value.ValueKind == JsonValueKind.Number,
            "integer" when value.ValueKind != JsonValueKind.Number => false,
            "integer" => SchemaNumber.Of(value)?.IsWhole,
            _ => null,
        };
    }

    private static string Article(string type) =>
        type.ToLowerInvariant() switch
        {
            "object" or "array" or "integer" => "an " + type.ToLowerInvariant(),
            "null" => "null",
            var other => "a " + other,
        };

    private Truth Enum(JsonElement allowed, JsonElement value, SchemaPlace place, Frame frame)
    {
        if (allowed.ValueKind != JsonValueKind.Array)
            return Unknown(ToolVerdict.NotSchema);
        foreach (var one in allowed.EnumerateArray())
        {
            if (Same(one, value))
                return Truth.Yes;
            if (isStopped)
                return Truth.Unknown;
        }
        var shown = string.Join(", ", allowed.EnumerateArray().Take(MostShown).Select(Shown));
        return Break(place, $"must be one of {shown}{(allowed.GetArrayLength() > MostShown ? ", …" : "")}", frame);
    }

    private bool Same(JsonElement left, JsonElement right)
    {
        if (left.ValueKind != right.ValueKind)
        {
            Spend(1);
            return false;
        }
        var work = Math.Min(JsonMarshal.GetRawUtf8Value(left).Length, JsonMarshal.GetRawUtf8Value(right).Length);
        return Spend(1 + (work / 16)) && JsonElement.DeepEquals(left, right);
    }

    private static string Shown(JsonElement value) => SchemaPlace.Short(value.GetRawText(), LongestShown);

    private Truth Number(JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame)
    {
        // In draft 4, this was a switch for the limit beside it.
        if (keyword.Value.ValueKind != JsonValueKind.Number)
            return Unknown(ToolVerdict.NotSchema);
        if (value.ValueKind != JsonValueKind.Number)
            return Truth.Yes;
        if (SchemaNumber.Of(keyword.Value) is not { } limit || SchemaNumber.Of(value) is not { } number)
            return Unknown(ToolVerdict.Number);
        var shown = Shown(keyword.Value);
        if (keyword.NameEquals("multipleOf"))
        {
            if (limit.Digits.Sign <= 0)
                return Unknown(ToolVerdict.NotSchema);
            return number.IsMultipleOf(limit) ? Truth.Yes : Break(place, $"must be a multiple of {shown}", frame);
        }
        var order = number.CompareTo(limit);
        var (fits, expected) = keyword.Name switch
        {
            "minimum" => (order >= 0, "at least"),
            "maximum" => (order <= 0, "at most"),
            "exclusiveMinimum" => (order > 0, "more than"),
            _ => (order < 0, "less than"),
        };
        return fits ? Truth.Yes : Break(place, $"must be {expected} {shown}", frame);
    }

    private Truth Text(JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame)
    {
        if (keyword.NameEquals("pattern"))
        {
            if (keyword.Value.ValueKind != JsonValueKind.String)
                return Unknown(ToolVerdict.NotSchema);
            if (value.ValueKind != JsonValueKind.String)
                return Truth.Yes;
            var pattern = keyword.Value.GetString()!;
            return Matches(pattern, value.GetString()!) switch
            {
                true => Truth.Yes,
                false => Break(place, $"must match the pattern {SchemaPlace.Short(pattern, 2 * LongestShown)}", frame),
                _ => Unknown(ToolVerdict.Pattern),
            };
        }
        if (Count(keyword.Value) is not { } most)
            return Unknown(ToolVerdict.NotSchema);
        if (value.ValueKind != JsonValueKind.String)
            return Truth.Yes;
        var text = value.GetString()!;
        if (!Spend(text.Length / 64))
            return Truth.Unknown;
        var length = text.Length;
        foreach (var c in text)
            length -= char.IsLowSurrogate(c) ? 1 : 0;
        return keyword.NameEquals("minLength")
            ? length >= most
                ? Truth.Yes
                : Break(place, $"must have at least {most} characters", frame)
            : length <= most
                ? Truth.Yes
                : Break(place, $"must have at most {most} characters", frame);
    }

    private bool? Matches(string pattern, string text)
    {
        if (!Spend(10 + (text.Length / 16)))
            return null;
        var begun = time.GetTimestamp();
        var matches = SchemaPattern.Matches(pattern, text);
        patterns += time.GetElapsedTime(begun);
        if (patterns <= MostOfPatterns)
            return matches;
        isStopped = true;
        unknown ??= ToolVerdict.Pattern;
        return null;
    }

    /// <summary>A count of the schema; null where it is none.</summary>
    private long? Count(JsonElement count)
    {
        // Numbers of 64 bits are texts in the JSON of protocol buffers, which Gemini's is.
        if (isOpenApi && count.ValueKind == JsonValueKind.String)
            return long.TryParse(count.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var told) ? told : null;
        if (SchemaNumber.Of(count) is not { IsWhole: true, Digits.Sign: >= 0 } number)
            return null;
        return number.CompareTo(new SchemaNumber(long.MaxValue, 0)) > 0 ? long.MaxValue
            : number.Exponent >= 0 ? (long)(number.Digits * System.Numerics.BigInteger.Pow(10, number.Exponent))
            : (long)(number.Digits / System.Numerics.BigInteger.Pow(10, -number.Exponent));
    }
}
