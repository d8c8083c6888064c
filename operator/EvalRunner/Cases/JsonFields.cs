using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>Reads members strictly; a problem names the field and quotes nothing but its name.</summary>
internal static class JsonFields
{
    public static string String(JsonElement value, string field)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{field}: must be a text");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which JSON can escape and no text can hold.
            throw new FormatException($"{field}: is not valid Unicode");
        }
    }

    public static List<string> Strings(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => String(item, field))]
            : throw new FormatException($"{field}: must be a list of texts");

    public static decimal Decimal(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            ? number
            : throw new FormatException($"{field}: must be a number");

    public static bool Flag(JsonElement value, string field) =>
        value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FormatException($"{field}: must be true or false"),
        };

    /// <summary>The members of an object, each of which must be known.</summary>
    public static void Members(JsonElement value, string field, string known, Func<string, JsonElement, bool> take)
    {
        RequireObject(value, field);
        foreach (var member in value.EnumerateObject())
        {
            if (!take(member.Name, member.Value))
                throw Unknown($"{field}.{member.Name}", known);
        }
    }

    /// <summary>Refuses a value that holds half of a surrogate pair anywhere: it would fail where it is used.</summary>
    public static JsonElement Whole(JsonElement value, string field)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                _ = String(value, field);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    Whole(item, field);
                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                    Whole(member.Value, field);
                break;
            default:
                break;
        }
        // The line that it is of is let go.
        return value.Clone();
    }

    public static void RequireObject(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{field}: must be an object");
    }

    public static FormatException Unknown(string field, string known) =>
        new($"{(field.Length > 64 ? field[..64] + "…" : field)}: is not known; known are {known}");

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
