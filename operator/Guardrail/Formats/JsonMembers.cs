using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Members of a value that may be no object, or may not have them: what is not there is null, or nothing.</summary>
internal static class JsonMembers
{
    /// <summary>The member of an object; null where there is none.</summary>
    public static JsonElement? Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) ? member : null;

    /// <summary>The member of an object that is a text; null where there is none.</summary>
    public static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>The entries of a member that is a list.</summary>
    public static JsonElement.ArrayEnumerator List(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;
}
