using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Controller.Shared;

/// <summary>Reads parts of JSON objects that may be absent.</summary>
internal static class Json
{
    /// <summary>Makes a view of an object of the API server, as a cache makes it of one of its list.</summary>
    public static T View<T>(this JsonObject item, Func<JsonElement, T> project)
    {
        using var document = JsonDocument.Parse(item.ToJsonString());
        return project(document.RootElement);
    }

    public static JsonElement? At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return null;
        }
        return element.ValueKind == JsonValueKind.Null ? null : element;
    }

    public static string? Text(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static int? Int(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static long? Long(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool Bool(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.True };

    public static DateTimeOffset? Time(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.Text(path) is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    public static IEnumerable<JsonElement> Items(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : [];

    public static IReadOnlyDictionary<string, string> Map(
        this JsonElement element,
        string parent,
        string name,
        Func<string, bool>? only = null
    )
    {
        if (element.At(parent, name) is not { ValueKind: JsonValueKind.Object } map)
            return EmptyMap;
        // Keys and small values repeat on thousands of objects.
        return map.EnumerateObject()
            .Where(entry => entry.Value.ValueKind == JsonValueKind.String && only?.Invoke(entry.Name) != false)
            .ToDictionary(entry => TextPool.Of(entry.Name), entry => TextPool.Of(entry.Value.GetString()!), StringComparer.Ordinal);
    }

    public static readonly IReadOnlyDictionary<string, string> EmptyMap = new Dictionary<string, string>(StringComparer.Ordinal);
}
