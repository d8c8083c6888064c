namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// The content type of a body that was read as JSON in UTF-8, and is sent as that. Under another type or charset a provider could read
/// another request from the same bytes. Pure.
/// </summary>
internal static class JsonContentType
{
    private const string Json = "application/json";

    /// <summary>What is sent for a content type of the agent; null for none, since none is made up.</summary>
    public static string? Sent(string? contentType) =>
        string.IsNullOrEmpty(contentType) ? null
        : IsJson(contentType) ? contentType
        : Json;

    private static bool IsJson(ReadOnlySpan<char> text)
    {
        var semicolon = text.IndexOf(';');
        var media = (semicolon < 0 ? text : text[..semicolon]).Trim();
        if (!media.Equals(Json, StringComparison.OrdinalIgnoreCase))
            return false;
        if (semicolon < 0)
            return true;
        var parameter = text[(semicolon + 1)..].Trim();
        return parameter.IsEmpty
            || parameter.Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase)
            || parameter.Equals("charset=\"utf-8\"", StringComparison.OrdinalIgnoreCase);
    }
}
