using System.Text.Json;

namespace AgentReadiness.Samples.Provider;

/// <summary>A request without its format.</summary>
public sealed record Ask
{
    /// <summary>The model that it names.</summary>
    public required string Model { get; init; }

    /// <summary>All system text.</summary>
    public string System { get; init; } = "";

    /// <summary>The last text of the user, directives and all.</summary>
    public string Question { get; init; } = "";

    /// <summary>What a tool has answered, where that is the last thing said.</summary>
    public string? ToolResult { get; init; }

    /// <summary>The functions that it offers.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Input tokens, as <see cref="SampleUsage"/> counts them.</summary>
    public long Input { get; init; }

    /// <summary>The most output tokens that it allows.</summary>
    public long? Limit { get; init; }

    /// <summary>It wants a stream.</summary>
    public bool Stream { get; init; }

    /// <summary>How many answers it wants.</summary>
    public int Choices { get; init; } = 1;
}

/// <summary>Why an answer ends.</summary>
public enum Finish
{
    /// <summary>All is said.</summary>
    Stop,

    /// <summary>A tool is to be called.</summary>
    Tool,

    /// <summary>The limit was reached.</summary>
    Length,
}

/// <summary>What a format bills apart.</summary>
[Flags]
public enum Bills
{
    /// <summary>Input and output alone.</summary>
    Plain = 0,

    /// <summary>Long prompts are cached without being told.</summary>
    CachesItself = 1,

    /// <summary>Cache writes.</summary>
    Writes = 2,

    /// <summary>Cache writes for an hour, apart from the others.</summary>
    HourWrites = 4,

    /// <summary>Audio.</summary>
    Audio = 8,

    /// <summary>Input of the provider's own tools, beside the prompt.</summary>
    ToolPrompt = 16,
}

/// <summary>What the model answers to a request, and what that costs, without a format.</summary>
public sealed record Turn(Ask Ask, Directives Orders, Thought Thought, Finish Finish, SampleUsage Usage, DateTimeOffset At)
{
    private static long lastId;

    /// <summary>A part of all its ids.</summary>
    public string Id { get; } = $"{Interlocked.Increment(ref lastId):x12}";

    /// <summary>The model that answers.</summary>
    public string Model => Orders.AnswerModel ?? Ask.Model;

    /// <summary>The text or the tool's arguments.</summary>
    public string Text => Thought.Text ?? Thought.ToolArguments ?? "";

    /// <summary>The text in the pieces of a stream.</summary>
    public IEnumerable<string> Pieces => Text.Chunk(16).Select(piece => new string(piece));

    /// <summary>Answers a request.</summary>
    public static Turn Of(Ask ask, Directives orders, Bills bills, TimeProvider time)
    {
        var thought = Brain.Think(ask, orders);
        var limit = ask.Limit ?? 16_384;
        var reasoning = Math.Min(orders.Thinking, limit);
        var room = limit - reasoning + orders.Overshoot;
        var finish = thought.ToolName is null ? Finish.Stop : Finish.Tool;
        var text = thought.Text ?? thought.ToolArguments!;
        if (SampleUsage.Tokens(text) > room || orders.Overshoot > 0)
        {
            // The texts are ASCII, so that 4 characters are a token.
            text = text.Length > room * 4 ? text[..(int)(room * 4)] : text.PadRight((int)(room * 4), '.');
            thought = thought.ToolName is null ? thought with { Text = text } : thought with { ToolArguments = text };
            finish = Finish.Length;
        }
        var usage = SampleUsage.Of(ask.Input, (SampleUsage.Tokens(text) + reasoning) * ask.Choices, orders, bills) with
        {
            Reasoning = reasoning * ask.Choices,
        };
        return new Turn(ask, orders, thought, finish, usage, time.GetUtcNow());
    }

    /// <summary>The arguments of the tool call as an object, empty where the limit cut them.</summary>
    public JsonElement ToolInput()
    {
        try
        {
            return JsonElement.Parse(Text);
        }
        catch (JsonException)
        {
            return JsonElement.Parse("{}");
        }
    }
}
