using System.Globalization;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A model request fits the context window and still has the system prompt of its run, where <c>spec.guardrails.context.onOverflow</c> is
/// Refuse.
/// </summary>
internal sealed class ContextCheck : ICallCheck
{
    /// <summary>The stable code of the refusal for length. OpenAI's own: frameworks that shorten a conversation wait for it.</summary>
    public const string TooLong = "context_length_exceeded";

    /// <summary>The stable code of the refusal for a system prompt that is gone.</summary>
    public const string Lost = "system_prompt_lost";

    /// <summary>The stable code of the refusal for what nobody knows.</summary>
    public const string Unknown = "context_unknown";

    /// <inheritdoc/>
    public string Id => "context";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        if (call is not { Context: { } found, Settings.Context: { Refuses: true } settings })
            return null;
        if (settings.RefusesUnknown && found.Window is not (ContextVerdict.Fits or ContextVerdict.Overflows))
        {
            var remedy =
                found.Window == ContextVerdict.NoWindow ? "Add the model's contextWindow to the platform's prices."
                : found.Window == ContextVerdict.Stored ? "Send the conversation itself."
                : "Leave out what is no text.";
            var unknown =
                $"Whether the request fits the model's context window is not known ({found.Window}), and such requests are refused here "
                + $"(spec.guardrails.context.failMode). {remedy}";
            return new ApiError(400, Unknown, unknown);
        }
        if (found.Window == ContextVerdict.Overflows)
        {
            // In the words that Anthropic has for it, and that frameworks look for.
            var message = string.Create(
                CultureInfo.InvariantCulture,
                $"prompt is too long: about {found.Tokens} tokens > {found.Room} maximum, of the model's context window of "
                    + $"{call.Model!.Prices!.ContextWindow} tokens less what is kept free (spec.guardrails.context.reservePercent). "
                    + $"Shorten the conversation, and keep its system prompt."
            );
            return new ApiError(400, TooLong, message);
        }
        return found.IsPromptLost
            ? new ApiError(
                400,
                Lost,
                "The conversation goes on without the system prompt with which the run began, so the model would no longer know its "
                    + "rules (spec.guardrails.context). Send the system prompt with each request; shorten other messages instead."
            )
            : null;
    }
}
