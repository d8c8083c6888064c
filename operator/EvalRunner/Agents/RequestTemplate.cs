using System.Buffers;
using System.Text;
using System.Text.Json;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Agents;

/// <summary>A request to an agent that has an API of its own.</summary>
internal sealed record RequestTemplate
{
    /// <summary>What stands for the case's input.</summary>
    public const string Placeholder = "{{input}}";

    /// <summary>For example POST.</summary>
    public required HttpMethod Method { get; init; }

    /// <summary>On the target's host; null for the target itself.</summary>
    public string? Path { get; init; }

    /// <summary>Besides the content type.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Of the body.</summary>
    public string? ContentType { get; init; }

    /// <summary>Any JSON; a text is sent as it is; null for no body.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>Where the answer's text is in the response; null for the whole body.</summary>
    public JsonPath? Text { get; init; }

    /// <summary>Whether the input is in it anywhere.</summary>
    public bool UsesInput =>
        Path?.Contains(Placeholder, StringComparison.Ordinal) == true
        || (Body is { } body && Strings(body).Any(text => text.Contains(Placeholder, StringComparison.Ordinal)));

    /// <summary>Makes the request.</summary>
    public HttpRequestMessage Build(Uri target, string? input)
    {
        input ??= string.Empty;
        // By text: a path alone could be read as a file's.
        var url = Path is null
            ? target
            : new Uri(
                target.GetLeftPart(UriPartial.Authority) + Path.Replace(Placeholder, Uri.EscapeDataString(input), StringComparison.Ordinal)
            );
        var request = new HttpRequestMessage(Method, url);
        foreach (var (name, value) in Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (Body is { } body)
        {
            var (bytes, type) = Content(body, input);
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        return request;
    }

    private (byte[] Bytes, string Type) Content(JsonElement body, string input)
    {
        if (body.ValueKind != JsonValueKind.String)
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer))
                Write(json, body, input);
            return (buffer.WrittenSpan.ToArray(), ContentType ?? "application/json");
        }
        var text = body.GetString()!;
        var type = ContentType ?? (text.AsSpan().TrimStart() is ['{' or '[', ..] ? "application/json" : "text/plain; charset=utf-8");
        // In JSON that is written as text, the input stands between quotes.
        var escaped = type.Contains("json", StringComparison.OrdinalIgnoreCase) ? JsonEncodedText.Encode(input).ToString() : input;
        return (Encoding.UTF8.GetBytes(text.Replace(Placeholder, escaped, StringComparison.Ordinal)), type);
    }

    private static void Write(Utf8JsonWriter json, JsonElement value, string input)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    Write(json, member.Value, input);
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                    Write(json, element, input);
                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(value.GetString()!.Replace(Placeholder, input, StringComparison.Ordinal));
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static IEnumerable<string> Strings(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => value.EnumerateArray().SelectMany(Strings),
            JsonValueKind.Object => value.EnumerateObject().SelectMany(member => Strings(member.Value)),
            _ => [],
        };
}
