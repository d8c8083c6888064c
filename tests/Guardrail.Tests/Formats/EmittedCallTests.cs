using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The calls of tools that models ask for, in the shapes of four providers, whole and in pieces.</summary>
public sealed class EmittedCallTests
{
    private const string Schema = """{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}""";

    public static TheoryData<UsageApi> Apis => [UsageApi.Chat, UsageApi.Responses, UsageApi.Messages, UsageApi.Gemini];

    [Theory]
    [MemberData(nameof(Apis))]
    public void A_whole_answer_is_held_against_the_tools_of_its_request(UsageApi api)
    {
        foreach (var (tool, arguments, verdict) in Cases(api))
            See(api, watch => watch.Whole(Encoding.UTF8.GetBytes(WholeAnswer(api, tool, arguments))))
                .ShouldBe([(tool, verdict)], arguments);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void A_stream_has_the_same_verdict_however_it_is_cut(UsageApi api)
    {
        Gen.Select(Gens.OneOf(Cases(api).ToArray()), Gen.Int[0, 400].Array[0, 12], Gen.Int[1, 9])
            .Sample(
                (one, cuts, size) =>
                {
                    var bytes = Encoding.UTF8.GetBytes(Stream(api, one.Tool, one.Arguments, size));
                    See(api, watch => Pass(bytes, cuts, watch)).ShouldBe([(one.Tool, one.Verdict)], $"{one.Arguments} in {size}");
                },
                iter: 300,
                threads: 1
            );
    }

    // Servers that speak the format in ways of their own.
    [Theory]
    [InlineData(
        """{"index":0,"id":"c","function":{"name":"look","arguments":"{\"n\":"}}""",
        """{"index":0,"function":{"arguments":"1}"}}""",
        "tool_calls",
        "Fits"
    )]
    [InlineData(
        """{"index":0,"id":"c","function":{"name":"look","arguments":"{\"n\":1}"}}""",
        """{"index":0,"id":"d","function":{"name":"look","arguments":"{\"n\":2}"}}""",
        "tool_calls",
        "Fits Fits"
    )]
    [InlineData(
        """{"index":0,"id":"c","function":{"name":"look","arguments":"{\"n\""}}""",
        """{"index":0,"function":{"arguments":":"}}""",
        "length",
        "CutOff"
    )]
    public void Chat_in_other_words(string first, string second, string reason, string verdicts) =>
        See(
                UsageApi.Chat,
                watch =>
                {
                    foreach (var call in (string[])[first, second])
                        watch.Event(
                            Encoding.UTF8.GetBytes(
                                $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{{{call}}}]},"finish_reason":""}]}"""
                            )
                        );
                    watch.Event(Encoding.UTF8.GetBytes($$"""{"choices":[{"index":0,"delta":{},"finish_reason":"{{reason}}"}]}"""));
                    watch.End();
                }
            )
            .ShouldBe(verdicts.Split(' ').Select(verdict => ("look", Enum.Parse<ToolVerdict>(verdict))));

    [Theory]
    [InlineData("""{"n":1}""", "Fits")]
    [InlineData("""{"n":"x"}""", "BreaksSchema")]
    public void The_arguments_of_responses_are_looked_at_before_a_client_may_act_on_them_and_once(string arguments, string verdict)
    {
        var text = JsonSerializer.Serialize(arguments);
        var item = $$"""{"type":"function_call","id":"i","call_id":"c","name":"look","arguments":{{text}}}""";
        string[] events =
        [
            """{"type":"response.output_item.added","item":{"type":"function_call","id":"i","call_id":"c","name":"look","arguments":""}}""",
            $$"""{"type":"response.function_call_arguments.done","item_id":"i","arguments":{{text}}}""",
            $$"""{"type":"response.output_item.done","item":{{item}}}""",
            $$$"""{"type":"response.completed","response":{"output":[{{{item}}}]}}""",
        ];
        for (var seen = 2; seen <= events.Length; seen++)
            See(
                    UsageApi.Responses,
                    watch =>
                    {
                        foreach (var one in events.Take(seen))
                            watch.Event(Encoding.UTF8.GetBytes(one));
                    }
                )
                .ShouldBe([("look", Enum.Parse<ToolVerdict>(verdict))]);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void A_name_that_is_not_offered_never_fits(UsageApi api) =>
        Gen.Char["loku p_LO\u00e9.-"]
            .Array[0, 9]
            .Select(letters => new string(letters))
            .Where(name => name is not ("look" or ""))
            .Sample(
                name =>
                    See(api, watch => watch.Whole(Encoding.UTF8.GetBytes(WholeAnswer(api, name, """{"n":1}"""))))
                        .ShouldBe([(name, ToolVerdict.UnknownTool)]),
                iter: 200,
                threads: 1
            );

    [Theory]
    [MemberData(nameof(Apis))]
    public void An_answer_without_calls_is_nothing_to_check(UsageApi api)
    {
        See(
                api,
                watch =>
                    watch.Whole(
                        """
                    {"choices":[{"message":{"content":"tool_calls"}}],"output":[{"type":"web_search_call"}],
                    "content":[{"type":"server_tool_use","name":"x"}],"candidates":[{"content":{"parts":[{"text":"functionCall"}]}}]}
                    """u8
                    )
            )
            .ShouldBeEmpty();
        See(api, watch => watch.Whole("no json"u8)).ShouldBeEmpty();
    }

    [Fact]
    public void Two_calls_side_by_side_are_two()
    {
        const string Events =
            """data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"look","arguments":""}}]}}]}"""
            + "\n\n"
            + """data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"lock","arguments":"{"}}]}}]}"""
            + "\n\n"
            + """data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"""
            + """ "function":{"arguments":"{\"n\":1}"}},{"index":1,"function":{"arguments":"}"}}]}}]}"""
            + "\n\ndata: [DONE]\n\n";
        See(UsageApi.Chat, watch => Pass(Encoding.UTF8.GetBytes(Events), [], watch))
            .ShouldBe([("look", ToolVerdict.Fits), ("lock", ToolVerdict.UnknownTool)]);
    }

    [Fact]
    public void What_is_too_long_to_be_put_together_is_not_known()
    {
        var events = new StringBuilder(
            """data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"look","arguments":"{\"n\":1,\"x\":\""}}]}}]}"""
                + "\n\n"
        );
        for (var i = 0; i < 40; i++)
            events
                .Append(
                    $$$"""data: {"choices":[{"delta":{"tool_calls":[{"index":0,"""
                        + $$$""" "function":{"arguments":"{{{new string('x', 32 * 1024)}}}"}}]}}]}"""
                )
                .Append("\n\n");
        See(UsageApi.Chat, watch => Pass(Encoding.UTF8.GetBytes(events.ToString()), [], watch)).ShouldBe([("look", ToolVerdict.TooLong)]);
    }

    [Theory]
    [InlineData(
        "Gemini",
        """{"tools":[{"functionDeclarations":[{"name":"look","parametersJsonSchema":{"required":["n"]}}]}]}""",
        "BreaksSchema"
    )]
    [InlineData(
        "Gemini",
        """{"tools":[{"function_declarations":[{"name":"look","parameters":{"type":"OBJECT","required":["n"]}}]}]}""",
        "BreaksSchema"
    )]
    [InlineData("Gemini", """{"cachedContent":"c"}""", "NoList")]
    [InlineData("Responses", """{"prompt":{"id":"p"}}""", "NoList")]
    [InlineData("Responses", """{"tools":[{"type":"unheard_of"}]}""", "NoList")]
    [InlineData("Messages", """{"tools":[{"type":"bash_20250124","name":"look"}]}""", "NoSchema")]
    [InlineData("Chat", """{"tools":[{"function":{"name":"look"}},{"function":{"name":"look"}}]}""", "ListedTwice")]
    [InlineData("Chat", """{"functions":[{"name":"look","parameters":{"required":["n"]}}]}""", "BreaksSchema")]
    [InlineData("Chat", "{}", "UnknownTool")]
    [InlineData("Chat", "no json", "NoList")]
    public void Tools_are_offered_in_several_ways(string api, string request, string verdict)
    {
        var offered = OfferedTools.Read(Enum.Parse<UsageApi>(api), Encoding.UTF8.GetBytes(request));
        offered.Check(new EmittedCall("look", "{}"u8.ToArray()), TimeProvider.System).Verdict.ToString().ShouldBe(verdict);
    }

    [Fact]
    public void Results_behind_the_last_word_of_the_model_are_those_of_this_call()
    {
        Results(
                UsageApi.Chat,
                """
                {"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"old"}}]},{"role":"tool","tool_call_id":"1"},
                {"role":"assistant","tool_calls":[{"id":"2","function":{"name":"send"}},{"id":"3","function":{"name":"look"}}]},
                {"role":"tool","tool_call_id":"2"},{"role":"tool","tool_call_id":"3"},{"role":"tool","tool_call_id":"9"}]}
                """
            )
            .ShouldBe(["send 2", "look 3"]);
        Results(
                UsageApi.Responses,
                """
                {"input":[{"type":"function_call","call_id":"1","name":"old"},{"type":"function_call_output","call_id":"1"},
                {"type":"function_call","call_id":"2","name":"send"},{"type":"function_call_output","call_id":"2"}]}
                """
            )
            .ShouldBe(["send 2"]);
        Results(
                UsageApi.Messages,
                """
                {"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"old"}]},
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]},
                {"role":"assistant","content":[{"type":"tool_use","id":"2","name":"send"}]},
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"2"}]}]}
                """
            )
            .ShouldBe(["send 2"]);
        Results(
                UsageApi.Gemini,
                """
                {"contents":[{"role":"user","parts":[{"functionResponse":{"name":"old"}}]},
                {"role":"model","parts":[{"functionCall":{"name":"send"}}]},
                {"role":"user","parts":[{"functionResponse":{"name":"send","id":"2"}}]}]}
                """
            )
            .ShouldBe(["send 2"]);
        Results(UsageApi.Chat, """{"messages":[{"role":"tool","name":"x" """).ShouldBeEmpty();
    }

    private static IEnumerable<string> Results(UsageApi api, string body) =>
        ToolResults.Read(api, Encoding.UTF8.GetBytes(body)).Select(result => $"{result.Tool} {result.Id}");

    private static IEnumerable<(string Tool, string Arguments, ToolVerdict Verdict)> Cases(UsageApi api)
    {
        yield return ("look", """{"n":1}""", ToolVerdict.Fits);
        yield return ("look", """{"n":"\u00e4\"}"}""", ToolVerdict.BreaksSchema);
        yield return ("look", "{}", ToolVerdict.BreaksSchema);
        yield return ("lock", """{"n":1}""", ToolVerdict.UnknownTool);
        // Of Gemini, and of Anthropic where it is no stream, arguments are JSON or the whole answer is none.
        if (api is UsageApi.Chat or UsageApi.Responses)
            yield return ("look", """{"n":1""", ToolVerdict.NotJson);
    }

    private static string Request(UsageApi api) =>
        api switch
        {
            UsageApi.Chat => $$$"""{"tools":[{"type":"function","function":{"name":"look","parameters":{{{Schema}}}}}]}""",
            UsageApi.Responses => $$"""{"tools":[{"type":"function","name":"look","parameters":{{Schema}}}]}""",
            UsageApi.Messages => $$"""{"tools":[{"name":"look","input_schema":{{Schema}}}]}""",
            _ => $$"""{"tools":[{"functionDeclarations":[{"name":"look","parameters":{{Schema}}}]}]}""",
        };

    private static string WholeAnswer(UsageApi api, string tool, string arguments)
    {
        var (name, text) = (JsonSerializer.Serialize(tool), JsonSerializer.Serialize(arguments));
        return api switch
        {
            UsageApi.Chat => $$$$"""{"choices":[{"message":{"tool_calls":[{"type":"function","""
                + $$$$""" "function":{"name":{{{{name}}}},"arguments":{{{{text}}}}}}]}}]}""",
            UsageApi.Responses => $$"""{"output":[{"type":"message"},{"type":"function_call","name":{{name}},"arguments":{{text}}}]}""",
            UsageApi.Messages => $$"""{"content":[{"type":"text","text":"x"},{"type":"tool_use","name":{{name}},"input":{{arguments}}}]}""",
            _ => $$$$"""{"candidates":[{"content":{"parts":[{"text":"x"},"""
                + $$$$"""{"functionCall":{"name":{{{{name}}}},"args":{{{{arguments}}}}}}]}}]}""",
        };
    }

    private static string Stream(UsageApi api, string tool, string arguments, int size)
    {
        var name = JsonSerializer.Serialize(tool);
        var pieces = arguments.Chunk(size).Select(piece => JsonSerializer.Serialize(new string(piece))).ToList();
        var events = new List<string>();
        switch (api)
        {
            case UsageApi.Chat:
                events.Add(
                    $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"""
                        + $$$""" "id":"c","function":{"name":{{{name}}},"arguments":""}}]}}]}"""
                );
                events.AddRange(
                    pieces.Select(piece =>
                        $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":{{{piece}}}}}]}}]}"""
                    )
                );
                events.Add("""{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""");
                events.Add("[DONE]");
                break;
            case UsageApi.Responses:
                events.AddRange(pieces.Select(piece => $$"""{"type":"response.function_call_arguments.delta","delta":{{piece}}}"""));
                events.Add(
                    $$$"""{"type":"response.output_item.done","item":{"type":"function_call","""
                        + $$$""" "name":{{{name}}},"arguments":{{{JsonSerializer.Serialize(arguments)}}}}}"""
                );
                events.Add($$$"""{"type":"response.completed","response":{{{WholeAnswer(api, tool, arguments)}}}}""");
                break;
            case UsageApi.Messages:
                events.Add("""{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","name":"web_search"}}""");
                events.Add("""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}""");
                events.Add("""{"type":"content_block_stop","index":0}""");
                events.Add(
                    $$$$"""{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","name":{{{{name}}}},"input":{}}}"""
                );
                events.AddRange(
                    pieces.Select(piece =>
                        $$$"""{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":{{{piece}}}}}"""
                    )
                );
                events.Add("""{"type":"content_block_stop","index":1}""");
                break;
            default:
                events.Add(WholeAnswer(api, tool, arguments));
                break;
        }
        return string.Concat(events.Select(data => $"data: {data}\n\n"));
    }

    private static void Pass(byte[] bytes, int[] cuts, IAnswerWatch watch)
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        using var filter = new SseUsageFilter(facts, hideUsage: false, BodyMemory.Unbounded) { Watch = watch };
        using var tap = new UsageEventsTap(facts, filter, long.MaxValue, () => "");
        var at = 0;
        foreach (var cut in cuts.Order().Append(bytes.Length))
        {
            var end = Math.Clamp(cut, at, bytes.Length);
            tap.Append(bytes.AsMemory(at, end - at));
            while (tap.TryTake(out _)) { }
            at = end;
        }
        tap.End();
    }

    private static List<(string Tool, ToolVerdict Verdict)> See(UsageApi api, Action<IAnswerWatch> answer)
    {
        var offered = OfferedTools.Read(api, Encoding.UTF8.GetBytes(Request(api)));
        var seen = new List<(string, ToolVerdict)>();
        answer(new Watch(EmittedCalls.Of(api, call => seen.Add((call.Tool, offered.Check(call, TimeProvider.System).Verdict)))!));
        return seen;
    }

    private sealed class Watch(EmittedCalls calls) : IAnswerWatch
    {
        public string? Refusal => null;

        public void Event(ReadOnlySpan<byte> data) => calls.Event(data);

        public void Whole(ReadOnlySpan<byte> answer)
        {
            calls.Whole(answer);
            calls.End();
        }

        public void End() => calls.End();

        public void Skip(ToolVerdict why) => calls.Skip(why);
    }
}
