namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// The content types of a body that is read as JSON in UTF-8. Under another one, a provider could read another request from the same
/// bytes. Pure.
/// </summary>
internal static class JsonContentType
{
    /// <summary>Why a content type is refused; null where it may pass. A body without one may: none is made up for it.</summary>
    public static ApiError? Refuse(string? contentType) =>
        string.IsNullOrEmpty(contentType) || IsJson(contentType)
            ? null
            : new ApiError(415, "unsupported_content_type", "The body must be sent as application/json, in UTF-8.");

    private static bool IsJson(ReadOnlySpan<char> text)
    {
        var semicolon = text.IndexOf(';');
        var media = (semicolon < 0 ? text : text[..semicolon]).Trim();
        if (!media.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return false;
        if (semicolon < 0)
            return true;
        var parameter = text[(semicolon + 1)..].Trim();
        return parameter.IsEmpty
            || parameter.Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase)
            || parameter.Equals("charset=\"utf-8\"", StringComparison.OrdinalIgnoreCase);
    }
}
