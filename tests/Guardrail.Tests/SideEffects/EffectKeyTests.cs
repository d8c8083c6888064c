using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.SideEffects;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests.SideEffects;

/// <summary>Which calls are the same one, and what of a call's answer tells that it was done.</summary>
public sealed class EffectKeyTests
{
    [Theory]
    [InlineData("""{"to":"a","body":"x"}""", """{ "body" : "x", "to":"\u0061"}""", true)]
    [InlineData("""{"n":1.0}""", """{"n":1}""", true)]
    [InlineData("""{"n":9007199254740993}""", """{"n":9007199254740992}""", false)]
    [InlineData("""{"to":"a"}""", """{"to":"b"}""", false)]
    [InlineData("""{"to":["a","b"]}""", """{"to":["b","a"]}""", false)]
    [InlineData("""{"to":"a","to":"b"}""", """{"to":"b"}""", false)]
    [InlineData("""{"n":1500}""", """{"n":1.5e3}""", true)]
    [InlineData("""{"n":-0.0}""", """{"n":0}""", true)]
    [InlineData("""{"n":1e400}""", """{"n":10E+399}""", true)]
    [InlineData("""{"wei":10000000000000000001}""", """{"wei":10000000000000000002}""", false)]
    [InlineData("""{"amount":1234567890.12345678}""", """{"amount":1234567890.12345679}""", false)]
    [InlineData("""{"id":9007199254740992}""", """{"id":9007199254740993.0}""", false)]
    [InlineData("""{"n":1}""", """{"n":-1}""", false)]
    [InlineData("""{"n":1}""", """{"n":"1"}""", false)]
    [InlineData("not json", "not  json", false)]
    [InlineData("", "null", false)]
    public void White_space_and_order_make_no_other_call(string one, string other, bool same) =>
        (Derived(one).Id == Derived(other).Id).ShouldBe(same);

    [Fact]
    public void Parts_of_a_key_do_not_run_into_each_other() =>
        Gen.Select(Gen.String[Gen.Char["ab:1"], 0, 3], Gen.String[Gen.Char["ab:1"], 0, 3], Gen.String[Gen.Char["ab:1"], 0, 3])
            .Array[2]
            .Sample(pair =>
            {
                var keys = pair.Select(one => EffectKey.Own(one.Item1, one.Item2, one.Item3, []).Id).ToList();
                return (keys[0] == keys[1]) == (pair[0] == pair[1]);
            });

    [Fact]
    public void A_key_that_was_told_is_that_of_the_same_call()
    {
        var derived = EffectKey.Derived("r", "mail", "send", [1]);
        EffectKey.Own("mail", "send", derived.Sent, [1]).ShouldBe(derived);
        EffectKey.Derived("s", "mail", "send", [1]).Id.ShouldNotBe(derived.Id);
        EffectKey.Derived("r", "mail", "send", [2]).Id.ShouldNotBe(derived.Id);
    }

    [Fact]
    public void Numbers_are_alike_where_they_are_equal() =>
        Gen.Select(Gen.Long[-9999, 9999], Gen.Int[-4, 4], Gen.Long[-9999, 9999], Gen.Int[-4, 4])
            .Sample(
                (a, powerOfA, b, powerOfB) =>
                    (ExactNumber.Of($"{a}e{powerOfA}") == ExactNumber.Of(Plain(b, powerOfB)))
                    == (a * Power(powerOfA) == b * Power(powerOfB))
            );

    [Theory]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"content":[]}}""", EffectState.Done)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":true}}""", EffectState.Done)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete"}}""", EffectState.Done)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required"}}""", EffectState.Free)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"resultType":"task"}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{"resultType":1}}""", EffectState.Sent)]
    [InlineData(200, "event: message\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":7,\"result\":{}}\n\n", EffectState.Done)]
    [InlineData(200, "data: {\"method\":\"notifications/progress\"}\r\n\r\ndata:{\"id\":7,\"result\":{}}", EffectState.Done)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"x"}}""", EffectState.Free)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"x"}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"error":{"code":-32000}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"error":"no"}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"error":{"code":"-32602"}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":"7","result":{}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":8,"result":{}}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":true}""", EffectState.Sent)]
    [InlineData(200, """{"jsonrpc":"2.0","id":7,"result":{}""", EffectState.Sent)]
    [InlineData(200, "", EffectState.Sent)]
    [InlineData(202, "", EffectState.Sent)]
    [InlineData(302, "", EffectState.Sent)]
    [InlineData(400, "", EffectState.Free)]
    [InlineData(404, "", EffectState.Free)]
    [InlineData(429, "", EffectState.Free)]
    [InlineData(408, "", EffectState.Sent)]
    [InlineData(409, "", EffectState.Sent)]
    [InlineData(500, """{"jsonrpc":"2.0","id":7,"error":{"code":-32602}}""", EffectState.Sent)]
    [InlineData(503, "", EffectState.Sent)]
    public void What_an_MCP_server_answers_tells_whether_it_was_done(int status, string body, object state) =>
        EffectAnswer.OfMcp(status, Encoding.UTF8.GetBytes(body), "7").State.ShouldBe((EffectState)state);

    [Theory]
    [InlineData(200, EffectState.Done)]
    [InlineData(204, EffectState.Done)]
    [InlineData(303, EffectState.Done)]
    [InlineData(401, EffectState.Free)]
    [InlineData(422, EffectState.Free)]
    [InlineData(402, EffectState.Sent)]
    [InlineData(409, EffectState.Sent)]
    [InlineData(425, EffectState.Sent)]
    [InlineData(499, EffectState.Sent)]
    [InlineData(500, EffectState.Sent)]
    [InlineData(502, EffectState.Sent)]
    [InlineData(599, EffectState.Sent)]
    [InlineData(100, EffectState.Sent)]
    public void What_a_plain_tool_answers_tells_whether_it_was_done(int status, object state) =>
        EffectAnswer.OfHttp(status, "", "x"u8.ToArray()).State.ShouldBe((EffectState)state);

    [Fact]
    public void Only_listed_answers_let_a_call_be_sent_again()
    {
        int[] listed = [400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431];
        Enumerable.Range(100, 500).Where(status => EffectAnswer.OfHttp(status, "", null).State == EffectState.Free).ShouldBe(listed);
        Gen.Select(Gen.Int, Gen.String)
            .Sample(
                (code, text) =>
                {
                    var message = new JsonObject
                    {
                        ["id"] = 7,
                        ["error"] = new JsonObject { ["code"] = code, ["message"] = text },
                    };
                    var (state, _) = EffectAnswer.OfMcp(200, Encoding.UTF8.GetBytes(message.ToJsonString()), "7");
                    return state == (code is -32700 or -32600 or -32601 or -32602 ? EffectState.Free : EffectState.Sent);
                }
            );
        Gen.String.Sample(text => EffectAnswer.OfMcp(200, Encoding.UTF8.GetBytes(text), "7").State == EffectState.Sent);
    }

    [Theory]
    [InlineData("""{"name":"t","arguments":{}}""", """{"_meta":{"idempotencyKey":"K"},"name":"t","arguments":{}}""")]
    [InlineData("""{ "name":"t"}""", """{"_meta":{"idempotencyKey":"K"}, "name":"t"}""")]
    [InlineData("""{"name":"t","_meta":{}}""", """{"name":"t","_meta":{"idempotencyKey":"K"}}""")]
    [InlineData("""{"name":"t","_meta":{"progressToken":1}}""", """{"name":"t","_meta":{"idempotencyKey":"K","progressToken":1}}""")]
    [InlineData("""{"name":"t","_meta":{"idempotencyKey":"own"}}""", null)]
    [InlineData("""{"name":"t","_meta":null}""", null)]
    public void The_key_is_put_into_the_message(string parameters, string? expected)
    {
        var body = $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}""";
        var message = ToolMessage.Read(Encoding.UTF8.GetBytes(body), out var error)!;
        error.ShouldBeNull();
        if (expected is null)
        {
            message.KeySpot.ShouldBeNull();
            return;
        }
        var splice = message.KeySpot!.Value.Put("K");
        body.Insert(splice.Offset, Encoding.ASCII.GetString(splice.Insert.Span)).ShouldContain($"\"params\":{expected}");
    }

    [Theory]
    [InlineData("""{"name":"t","_meta":{"idempotencyKey":"a","idempotencyKey":"b"}}""")]
    [InlineData("""{"name":"t","_meta":{"IdempotencyKey":"a"}}""")]
    [InlineData("""{"name":"t","_meta":{"idempotencyKey":1}}""")]
    public void A_key_stands_there_once_and_in_one_spelling(string parameters)
    {
        var message = Read(parameters).ShouldNotBeNull();
        message.KeyError.ShouldNotBeNull();
        message.HasKey.ShouldBeFalse();
        message.KeySpot.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"name":"t","_meta":{},"_meta":{"idempotencyKey":"a"}}""")]
    [InlineData("""{"name":"t","_META":{"idempotencyKey":"a"}}""")]
    public void The_place_of_the_key_is_there_once(string parameters) => Read(parameters).ShouldBeNull();

    private static ToolMessage? Read(string parameters) =>
        ToolMessage.Read(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}"""), out _);

    private static EffectKey Derived(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return EffectKey.Derived("r", "mail", "send", EffectKey.Canonical(bytes) ?? bytes);
    }

    private static decimal Power(int power) => power < 0 ? 1m / (decimal)Math.Pow(10, -power) : (decimal)Math.Pow(10, power);

    private static string Plain(long number, int power) => (number * Power(power)).ToString(CultureInfo.InvariantCulture);
}
