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

    /// <inheritdoc/>
    public string Id => "context";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ApiError? Find(CallContext call)
    {
        if (call is not { Context: { } found, Settings.Context.Refuses: true })
            return null;
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
