using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Where each format keeps its system prompt, and when a run has lost the one with which it began.</summary>
public sealed class ConversationTests
{
    private const string Rules = "You sell lamps. Never promise a refund. Always ask for the order's number before you look anything up.";

    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"A"},{"role":"user","content":"hi"}]}""", "A", false)]
    [InlineData("""{"messages":[{"content":"A","role":"developer"},{"role":"user","content":"hi"}]}""", "A", false)]
    [InlineData("""{"messages":[{"role":"system","content":[{"type":"text","text":"A"},{"text":"B"}]}]}""", "AB", false)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"A"}]}""", "", true)]
    [InlineData("""{"messages":[{"role":"tool","content":"A","tool_call_id":"1"}]}""", "", true)]
    [InlineData("""{"instructions":"A","input":"hi"}""", "A", false)]
    [InlineData("""{"instructions":null,"input":"hi","previous_response_id":"r"}""", "", true)]
    [InlineData("""{"input":"hi","previous_response_id":null,"conversation":{"id":"c"}}""", "", true)]
    [InlineData("""{"input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"A"}]}]}""", "A", false)]
    [InlineData("""{"input":[{"role":"user","content":"hi"},{"type":"function_call_output","call_id":"c","output":"A"}]}""", "", true)]
    [InlineData("""{"system":"A","messages":[{"role":"user","content":"hi"}]}""", "A", false)]
    [InlineData(
        """{"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"assistant","content":[]}]}""",
        "A",
        true
    )]
    [InlineData("""{"systemInstruction":{"parts":[{"text":"A"},{"text":"B"}]},"contents":[{"parts":[{"text":"hi"}]}]}""", "AB", false)]
    [InlineData("""{"system_instruction":{"parts":[{"text":"A"}]},"contents":[{"role":"model","parts":[]}]}""", "A", true)]
    [InlineData("""{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"a","response":{}}}]}]}""", "", true)]
    [InlineData("""{"contents":[{"parts":[{"functionCall":{"name":"a"}}]}]}""", "", true)]
    [InlineData("""{"contents":[{"role":"user","parts":[{"text":"functionCall"}]}]}""", "", false)]
    [InlineData("""{"contents":{"parts":[{"text":"hi"}]}}""", "", false)]
    [InlineData("""{"messages":"none","input":5,"system":7}""", "", false)]
    public void The_system_prompt_is_found_in_each_format(string body, string prompt, bool goesOn)
    {
        var read = Conversation.Read(Encoding.UTF8.GetBytes(body));
        (read.SystemPrompt, read.GoesOn).ShouldBe((prompt, goesOn));
    }

    [Fact]
    public void A_conversation_without_a_prompt_is_known_by_how_it_begins()
    {
        var prompts = new SystemPrompts();
        bool Lost(string body) => prompts.IsLost(Conversation.Read(Encoding.UTF8.GetBytes(body)));
        Lost($$"""{"messages":[{"role":"system","content":"{{Rules}}"},{"role":"user","content":"a lamp"}]}""").ShouldBeFalse();
        // A helper: what is the title of this?
        Lost("""{"messages":[{"role":"user","content":"title of: a lamp"}]}""").ShouldBeFalse();
        Lost("""{"messages":[{"role":"user","content":"title of: a lamp"},{"role":"assistant","content":"?"}]}""").ShouldBeFalse();
        Lost("""{"messages":[{"role":"user","content":"a lamp"},{"role":"assistant","content":"yes"}]}""").ShouldBeTrue();
        Lost("""{"messages":[{"role":"assistant","content":"yes"},{"role":"user","content":"red"}]}""").ShouldBeTrue();
        // Which conversation is stored there, nobody knows.
        Lost("""{"input":"red","previous_response_id":"r"}""").ShouldBeFalse();
    }

    [Fact]
    public void White_space_around_a_prompt_is_none_of_it()
    {
        var prompts = new SystemPrompts();
        prompts.IsLost(new Conversation($"\n{Rules}\n", false)).ShouldBeFalse();
        prompts.IsLost(new Conversation(Rules, true)).ShouldBeFalse();
    }

    [Theory]
    // The conversation goes on without it, or with another one.
    [InlineData("", true, true)]
    [InlineData("You are a helpful assistant.", true, true)]
    [InlineData("You sell lamps.", true, true)]
    // It is still there, or at least half of it from one of its ends.
    [InlineData(Rules, true, false)]
    [InlineData("It is 10:31. " + Rules, true, false)]
    [InlineData(Rules + " The customer is called Ann.", true, false)]
    // A sub-agent begins a conversation of its own.
    [InlineData("You summarize.", false, false)]
    [InlineData("", false, false)]
    public void It_is_lost_where_a_conversation_goes_on_without_it(string prompt, bool goesOn, bool lost)
    {
        var prompts = new SystemPrompts();
        prompts.IsLost(new Conversation(Rules, GoesOn: true)).ShouldBeFalse("the first call of a run says what the prompt is");
        prompts.IsLost(new Conversation(prompt, goesOn)).ShouldBe(lost);
        if (!lost)
            prompts.IsLost(new Conversation(prompt, GoesOn: true)).ShouldBeFalse("and the conversation that began with it goes on");
        prompts.IsLost(new Conversation(Rules, GoesOn: true)).ShouldBeFalse();
    }

    [Fact]
    public void Long_prompts_are_compared_at_both_ends_and_beyond_a_number_of_prompts_nothing_is_lost()
    {
        var long1 = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i} "));
        var prompts = new SystemPrompts();
        prompts.IsLost(new Conversation(long1, false)).ShouldBeFalse();
        prompts.IsLost(new Conversation("It is Monday. " + long1, true)).ShouldBeFalse();
        prompts.IsLost(new Conversation(long1[5000..^5000], true)).ShouldBeTrue();

        for (var i = 1; i < SystemPrompts.Most; i++)
            prompts.IsLost(new Conversation($"agent {i} " + new string((char)('a' + i), 40), false)).ShouldBeFalse();
        prompts.IsLost(new Conversation("", true)).ShouldBeFalse();
    }
}
