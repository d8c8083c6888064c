namespace AgentReadiness.Cli.Tests;

public sealed class PriceTests
{
    [Theory]
    // 176 of 1,200 tokens at 0.75, 1,024 at 0.075, 300 out at 4.50 USD a million.
    [InlineData(
        """{"provider":"openai","api":"chat","body":{"model":"gpt-5.4-mini","usage":{"prompt_tokens":1200"""
            + ""","completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1024}"""
            + ""","completion_tokens_details":{"reasoning_tokens":128}}}}""",
        """{"model":"gpt-5.4-mini","input_tokens":1200,"cache_read_tokens":1024,"cache_write_tokens":0,"output_tokens":300"""
            + ""","input_cost":"0.0002088","output_cost":"0.00135","total_cost":"0.0015588","rule":"openai/gpt-5.4-mini"}"""
    )]
    // A stream's last event without a model; 3,883 at 3, 200 at 3.75, 300 at 6, 30,464 at 0.30, 10 out at 15, two searches at 10 USD a
    // thousand.
    [InlineData(
        """{"provider":"anthropic","api":"messages","model":"claude-sonnet-4-5-20250929","body":"""
            + """{"type":"message_delta","delta":{"stop_reason":"end_turn"}"""
            + ""","usage":{"input_tokens":3883,"cache_creation_input_tokens":500,"cache_read_input_tokens":30464"""
            + ""","cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":300}"""
            + ""","output_tokens":10,"server_tool_use":{"web_search_requests":2}}}}""",
        """{"model":"claude-sonnet-4-5-20250929","input_tokens":34847"""
            + ""","cache_read_tokens":30464,"cache_write_tokens":500,"output_tokens":10"""
            + ""","input_cost":"0.0233382","output_cost":"0.00015","total_cost":"0.0434882","rule":"anthropic/claude-sonnet-4-5"}"""
    )]
    [InlineData(
        """{"provider":"openai","api":"embeddings","body":{"model":"text-embedding-3-small","usage":{"prompt_tokens":8"""
            + ""","total_tokens":8}}}""",
        """{"model":"text-embedding-3-small","input_tokens":8,"cache_read_tokens":0,"cache_write_tokens":0,"output_tokens":0"""
            + ""","input_cost":"0.00000016","output_cost":"0","total_cost":"0.00000016","rule":"openai/text-embedding-3-small"}"""
    )]
    public async Task A_line_gives_a_line(string line, string expected)
    {
        var (code, output, error) = await CommandLine.RunAsync(line + "\n\n", "price", "--jsonl", "--at", "2026-11-24");
        (code, output, error).ShouldBe((0, expected + "\n", ""));
    }

    [Theory]
    [InlineData("openai", "gpt-4o-2024-08-06", "openai/gpt-4o")]
    [InlineData("azure", "gpt-4o-2024-08-06", "openai/gpt-4o")]
    [InlineData("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("openrouter", "anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5")]
    [InlineData("vertex_ai", "gemini-2.5-flash", "google/gemini-2.5-flash")]
    public async Task Names_of_resellers_resolve(string provider, string model, string rule)
    {
        var (code, output, _) = await CommandLine.RunAsync(
            """{"usage":{"prompt_tokens":1,"completion_tokens":1}}""",
            "price",
            "--provider",
            provider,
            "--model",
            model
        );
        code.ShouldBe(0);
        output.ShouldContain($"\"rule\":\"{rule}\"");
    }

    [Theory]
    [InlineData(
        """{"provider":"openai","api":"chat","body":{"model":"nope","usage":{"prompt_tokens":1,"completion_tokens":1}}}""",
        "no price at openai"
    )]
    [InlineData("""{"provider":"nobody","api":"chat","body":{}}""", "no provider")]
    [InlineData("""{"provider":"openai","api":"telex","body":{}}""", "not known")]
    [InlineData(
        """{"provider":"openai","api":"chat","body":{"model":"gpt-4o","usage":{"prompt_tokens":1,"completion_tokens":-1}}}""",
        "no usage"
    )]
    [InlineData(
        """{"provider":"openai","api":"chat","body":{"model":"gpt-4o","service_tier":"priority","usage":{"prompt_tokens":1"""
            + ""","completion_tokens":1}}}""",
        "priority"
    )]
    [InlineData("""{"provider":"openai","api":"chat","body":{"usage":{"prompt_tokens":1,"completion_tokens":1}}}""", "names a model")]
    [InlineData("""{"provider":"openai","api":"chat"}""", "body")]
    [InlineData("nonsense", "not JSON")]
    public async Task What_has_no_price_says_why_and_the_rest_goes_on(string line, string why)
    {
        const string Good =
            """{"provider":"openai","api":"chat","body":{"model":"gpt-4o","usage":{"prompt_tokens":1,"completion_tokens":1}}}""";
        var (code, output, _) = await CommandLine.RunAsync($"{line}\n{Good}\n", "price", "--jsonl");
        code.ShouldBe(0);
        var lines = output.TrimEnd().Split('\n');
        lines.Length.ShouldBe(2);
        lines[0].ShouldStartWith("{\"error\":");
        lines[0].ShouldContain(why);
        lines[1].ShouldContain("\"total_cost\":\"0.0000125\"");
    }

    [Fact]
    public async Task Prices_hold_from_their_dates()
    {
        const string Body = """{"model":"claude-sonnet-5","usage":{"input_tokens":1000000,"output_tokens":0}}""";
        var (_, before, _) = await CommandLine.RunAsync(
            Body,
            "price",
            "--provider",
            "anthropic",
            "--api",
            "messages",
            "--at",
            "2026-08-31"
        );
        var (_, after, _) = await CommandLine.RunAsync(Body, "price", "--provider", "anthropic", "--api", "messages", "--at", "2026-09-01");
        before.ShouldContain("\"total_cost\":\"2\"");
        after.ShouldContain("\"total_cost\":\"3\"");
    }
}
