using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentReadiness.Contracts.Grants;

/// <summary>What became of a <see cref="GrantRequest"/>.</summary>
[JsonConverter(typeof(GrantOutcomeJsonConverter))]
public enum GrantOutcome
{
    /// <summary>The report is booked, and what was wanted, if anything, is granted.</summary>
    Granted,

    /// <summary>The call fits the cap, but others hold the money: try again until the wait is over, then answer 429.</summary>
    Held,

    /// <summary>The call does not fit what is left of the cap by settled and unproven spend alone: answer 402.</summary>
    Exhausted,

    /// <summary>
    /// The request's window is over or unknown: its totals were booked if it was known; start new totals in the window of this answer.
    /// </summary>
    WindowOver,

    /// <summary>The holder is closed or was replaced by a newer process of the same pod: it must not spend.</summary>
    HolderClosed,

    /// <summary>The agent has no budget window any more: count, and refuse nothing.</summary>
    Unlimited,
}

/// <summary>
/// Reads the words of <see cref="GrantOutcome"/> exactly as they are written, and nothing else. Numbers, other cases and words that only a
/// newer operator knows are refused: the answer then counts as none, so that nothing is taken for granted.
/// </summary>
public sealed class GrantOutcomeJsonConverter : JsonConverter<GrantOutcome>
{
    /// <inheritdoc/>
    public override GrantOutcome Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            foreach (var outcome in Enum.GetValues<GrantOutcome>())
            {
                if (reader.ValueTextEquals(Enum.GetName(outcome)))
                    return outcome;
            }
        }
        throw new JsonException($"outcome must be one of {string.Join(", ", Enum.GetNames<GrantOutcome>())}");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, GrantOutcome value, JsonSerializerOptions options) =>
        writer.WriteStringValue(
            Enum.GetName(value) ?? throw new JsonException($"{value} is no {nameof(GrantOutcome)} and cannot be written")
        );
}
