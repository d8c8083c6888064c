using System.Text;
using System.Text.Json;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="RefusalPolicy"/>, read. Pure.</summary>
internal sealed class RefusalSettings
{
    /// <summary>Answers up to this length are looked into, bytes.</summary>
    public const int LongestAnswer = 64 * 1024;

    // Where OpenAI's format has a refusal (chat completions: choices[].message.refusal).
    private static readonly MemberPath OfChat = MemberPath.TryParse("choices[0].message.refusal")!;
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256 };

    private readonly MemberPath? path;
    private readonly string? text;

    /// <param name="policy">As the configuration has it.</param>
    /// <exception cref="FormatException">A value is out of range.</exception>
    public RefusalSettings(RefusalPolicy policy)
    {
        if (policy.StatusCode is < 400 or > 499)
            throw new FormatException("reliability.refusal.statusCode must be from 400 to 499");
        if (policy.CannotAnswerAfter < 1)
            throw new FormatException("reliability.refusal.cannotAnswerAfter must be at least 1");
        if (policy is { CannotAnswerAfter: not null, Message: null })
            throw new FormatException("reliability.refusal.cannotAnswerAfter needs a message");
        if (policy.Path is { } way)
            path = MemberPath.TryParse(way) ?? throw new FormatException($"reliability.refusal.path: \"{way}\" is no path");
        // An empty text is in every answer.
        text = string.IsNullOrWhiteSpace(policy.Message) ? null : Plain(policy.Message);
        (StatusCode, Message, CannotAnswerAfter) = (policy.StatusCode, policy.Message, policy.CannotAnswerAfter);
    }

    /// <summary>The status of a refusal.</summary>
    public int StatusCode { get; }

    /// <summary>What a refusal says.</summary>
    public string? Message { get; }

    /// <summary>After so many failures in a row the agent cannot answer; null: that is not declared.</summary>
    public int? CannotAnswerAfter { get; }

    /// <summary>Whether an answer with a status of success is a refusal.</summary>
    /// <param name="body">The whole of it.</param>
    /// <param name="isJson">It says that it is JSON.</param>
    public bool IsRefusal(ReadOnlyMemory<byte> body, bool isJson)
    {
        if (isJson)
        {
            try
            {
                using var document = JsonDocument.Parse(body, Options);
                var root = document.RootElement;
                return OfChat.Any(root, ToolContent.IsSet) || path?.Any(root, ToolContent.IsSet) == true || Says(root);
            }
            catch (JsonException)
            {
                // Then it is a text like any other.
            }
        }
        return text is not null && Plain(Encoding.UTF8.GetString(body.Span)).Contains(text, StringComparison.Ordinal);
    }

    private bool Says(JsonElement value) =>
        text is not null
        && value.ValueKind switch
        {
            JsonValueKind.String => Plain(ToolContent.Plain(value)).Contains(text, StringComparison.Ordinal),
            JsonValueKind.Array => value.EnumerateArray().Any(Says),
            JsonValueKind.Object => value.EnumerateObject().Any(member => Says(member.Value)),
            _ => false,
        };

    // Models write typographic apostrophes where people write plain ones.
    private static string Plain(string text) => text.Replace('\u2019', '\'').Trim();
}
