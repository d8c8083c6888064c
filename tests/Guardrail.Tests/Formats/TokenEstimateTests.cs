using System.Security.Cryptography;
using AgentReadiness.Guardrail.Formats;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The estimate of tokens beside a real vocabulary, o200k_base: how far it is off is what docs/failure-modes.md says.</summary>
public sealed class TokenEstimateTests(ITestOutputHelper output)
{
    private static readonly TiktokenTokenizer Judge = TiktokenTokenizer.CreateForModel("gpt-4o");

    public static TheoryData<string, double, double> Kinds =>
        new()
        {
            { "markdown", 0.85, 1.2 },
            { "code", 0.85, 1.2 },
            { "json", 0.85, 1.25 },
            { "prose en", 0.85, 1.2 },
            { "prose de", 0.85, 1.2 },
            { "prose fr", 0.85, 1.2 },
            { "prose es", 0.85, 1.2 },
            { "prose ru", 0.75, 1.3 },
            { "prose zh", 0.75, 1.3 },
            { "prose ja", 0.75, 1.3 },
            { "prose ko", 0.75, 1.3 },
            { "prose ar", 0.75, 1.3 },
            { "prose hi", 0.75, 1.3 },
            { "hex", 0.75, 1.3 },
            { "base64", 0.75, 1.3 },
            { "numbers", 0.75, 1.3 },
        };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_estimate_is_near_the_count_of_a_real_vocabulary(string kind, double least, double most)
    {
        var text = TextOf(kind);
        var ratio = TokenEstimate.Of(Encoding.UTF8.GetBytes(text)) / Judge.CountTokens(text);
        output.WriteLine($"{kind}: {ratio:0.00} of {Judge.CountTokens(text)} tokens, {Encoding.UTF8.GetByteCount(text)} bytes");
        ratio.ShouldBeInRange(least, most);
    }

    [Fact]
    public void No_text_is_more_tokens_than_twice_its_bytes_and_none_is_less_than_nothing() =>
        Gen.Byte.Array[0, 300].Sample(bytes => TokenEstimate.Of(bytes) is >= 0 and var tokens && tokens <= 2 * bytes.Length, iter: 20_000);

    [Fact]
    public void Escapes_count_as_what_they_stand_for_and_pictures_do_not_count()
    {
        var plain = TokenEstimate.OfBody("""{"messages":[{"role":"user","content":"Füße\nfür \"alle\""}]}"""u8, out _);
        var escaped = TokenEstimate.OfBody("""{"messages":[{"role":"user","content":"F\u00fc\u00dfe\nf\u00fcr \"alle\""}]}"""u8, out _);
        escaped.ShouldBe(plain);
        var picture = new string('A', 100_000);
        string Image(string data) =>
            """{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"PICTURE"}}]}]}""".Replace(
                "PICTURE",
                data,
                StringComparison.Ordinal
            );
        TokenEstimate.OfBody(Encoding.UTF8.GetBytes(Image(picture)), out var uncounted).ShouldBeLessThan(50);
        uncounted.ShouldBe(picture.Length);
        // A document that is a text has it there.
        TokenEstimate.OfBody(Encoding.UTF8.GetBytes(Image("a lamp for the desk")), out uncounted).ShouldBeGreaterThan(plain / 2);
        uncounted.ShouldBe(0);
    }

    private static string TextOf(string kind)
    {
        string Files(string folder, string pattern) =>
            string.Concat(
                Directory.EnumerateFiles(Repository.PathOf(folder), pattern).Order(StringComparer.Ordinal).Take(12).Select(File.ReadAllText)
            );
        var bytes = SHA512.HashData("agent"u8);
        for (var i = 0; i < 7; i++)
            bytes = [.. bytes, .. SHA512.HashData(bytes)];
        return kind switch
        {
            "markdown" => Files("docs", "*.md"),
            "code" => Files(Path.Combine("operator", "Guardrail", "Calls"), "*.cs"),
            "json" => File.ReadAllText(Repository.PathOf("operator", "Pricing", "catalog.json"))[..200_000],
            "hex" => Convert.ToHexStringLower(bytes),
            "base64" => Convert.ToBase64String(bytes),
            "numbers" => string.Join(", ", bytes.Select((one, i) => one * (i + 1) * 7919)),
            "prose ko" => "이 가게는 월요일부터 금요일까지 아홉 시에 문을 열고 다섯 시에 닫습니다. 주문한 물건은 사흘 안에 도착합니다. "
                + "도착하지 않으면 주문 번호를 알려 주세요. 저희가 배송 회사에 물어보고 바로 답을 드리겠습니다.",
            "prose ar" => "يفتح المتجر أبوابه من الاثنين إلى الجمعة من الساعة التاسعة حتى الخامسة. تصل الطلبات خلال ثلاثة أيام. إذا لم يصل "
                + "طلبك فأرسل لنا رقمه وسوف نسأل شركة الشحن ونجيبك على الفور.",
            "prose hi" => "दुकान सोमवार से शुक्रवार तक सुबह नौ बजे से शाम पाँच बजे तक "
                + "खुली रहती है। सामान तीन दिन में पहुँच जाता है। अगर आपका सामान नहीं "
                + "पहुँचा तो हमें अपना ऑर्डर नंबर बताइए, हम कंपनी से पूछकर तुरंत जवाब देंगे।",
            _ => Prose(kind[6..]),
        };
    }

    private static string Prose(string language) =>
        string.Join(
            '\n',
            File.ReadLines(Repository.PathOf("tests", "Guardrail.Tests", "Screening", "attacks.txt"))
                .Concat(File.ReadLines(Repository.PathOf("tests", "Guardrail.Tests", "Screening", "benign.txt")))
                .Where(line => !line.StartsWith('#'))
                .Select(line => line.Split('|', 4))
                .Where(parts => parts.Length == 4 && parts[2] == language)
                .Select(parts => parts[3])
        );
}
