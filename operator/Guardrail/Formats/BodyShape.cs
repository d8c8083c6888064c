using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What a value of a body may be, as a closed list: of an object its fields, of one that has a type its types. Null, and a list of nothing,
/// may stand for any field, since they say nothing. Immutable.
/// </summary>
internal abstract class BodyShape
{
    private static readonly byte[] TypeName = "type"u8.ToArray();

    /// <summary>Whatever it is.</summary>
    public static BodyShape Any { get; } = new Anything();

    /// <summary>A text, a number or a flag.</summary>
    public static BodyShape Plain { get; } = new Scalar(_ => true);

    /// <summary>A text that holds what it names, or says where everybody finds it.</summary>
    public static BodyShape Link { get; } =
        new Scalar(text => text.StartsWith("data:"u8) || text.StartsWith("https://"u8) || text.StartsWith("http://"u8));

    /// <summary>A list.</summary>
    public static BodyShape List(BodyShape item) => new Items(item, null);

    /// <summary>A list, or one value that is something else.</summary>
    public static BodyShape ListOr(BodyShape item, BodyShape one) => new Items(item, one);

    /// <summary>An object with these fields and no other.</summary>
    public static BodyShape Of(params (string Name, BodyShape Shape)[] fields) => new Fields(fields, isClosed: true);

    /// <summary>An object of which only these fields are looked at.</summary>
    public static BodyShape With(params (string Name, BodyShape Shape)[] fields) => new Fields(fields, isClosed: false);

    /// <summary>An object that is what its field "type" says.</summary>
    /// <param name="otherwise">What it is without one; null: such an object may not be.</param>
    /// <param name="types">The types.</param>
    public static BodyShape Typed(BodyShape? otherwise, params (string Type, BodyShape Shape)[] types) => new Types(otherwise, types);

    /// <summary>Looks for something that is not listed, and ends on the value's last token.</summary>
    /// <param name="reader">Stands on the value's first token.</param>
    /// <param name="name">What the value is called.</param>
    /// <returns>What that is; null: there is nothing.</returns>
    public abstract string? Find(ref Utf8JsonReader reader, string name);

    private sealed class Anything : BodyShape
    {
        public override string? Find(ref Utf8JsonReader reader, string name)
        {
            reader.Skip();
            return null;
        }
    }

    private delegate bool TextTest(ReadOnlySpan<byte> text);

    private sealed class Scalar(TextTest fits) : BodyShape
    {
        public override string? Find(ref Utf8JsonReader reader, string name) =>
            reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
            || (reader.TokenType == JsonTokenType.String && !fits(reader.ValueSpan))
                ? name
                : null;
    }

    private sealed class Items(BodyShape item, BodyShape? one) : BodyShape
    {
        public override string? Find(ref Utf8JsonReader reader, string name)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                return one is null ? name : one.Find(ref reader, name);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (item.Find(ref reader, name) is { } found)
                    return found;
            }
            return null;
        }
    }

    private sealed class Fields((string Name, BodyShape Shape)[] fields, bool isClosed) : BodyShape
    {
        public override string? Find(ref Utf8JsonReader reader, string name)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return name;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                BodyShape? shape = null;
                foreach (var field in fields)
                {
                    if (reader.ValueTextEquals(field.Name))
                        shape = field.Shape;
                }
                var unlisted = shape is null && isClosed ? reader : default;
                reader.Read();
                if (IsNothing(reader))
                    reader.Skip();
                else if (shape is null && isClosed)
                    return $"{name}.{unlisted.GetString()}";
                else if ((shape ?? Any).Find(ref reader, name) is { } found)
                    return found;
            }
            return null;
        }

        private static bool IsNothing(Utf8JsonReader reader) =>
            reader.TokenType == JsonTokenType.Null
            || (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.EndArray);
    }

    private sealed class Types(BodyShape? otherwise, (string Type, BodyShape Shape)[] types) : BodyShape
    {
        public override string? Find(ref Utf8JsonReader reader, string name)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return name;
            var (shape, type) = ShapeOf(reader);
            return shape is null ? $"{name} of type \"{type}\"" : shape.Find(ref reader, name);
        }

        private (BodyShape? Shape, string? Type) ShapeOf(Utf8JsonReader reader)
        {
            var (shape, seen, type) = (otherwise, false, default(string));
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals(TypeName);
                reader.Read();
                if (!isType)
                {
                    reader.Skip();
                    continue;
                }
                // Servers disagree on which of two counts.
                if (seen)
                    return (null, type);
                seen = true;
                if (reader.TokenType == JsonTokenType.Null)
                    continue;
                if (reader.TokenType != JsonTokenType.String)
                    return (null, type);
                type = reader.GetString();
                shape = Array.Find(types, one => one.Type == type).Shape;
            }
            return (shape, type);
        }
    }
}
