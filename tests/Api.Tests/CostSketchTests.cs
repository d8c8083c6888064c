using AgentReadiness.Contracts;
using CsCheck;

namespace AgentReadiness.Api.Tests;

public sealed class CostSketchTests
{
    // From a billionth of a dollar to thousands, so that both ends of the bucket numbers are met.
    private static readonly Gen<Money> Costs = Gen.OneOf(
        Gen.Const(Money.Zero),
        Gen.Select(Gen.Int[1, 9999], Gen.Int[0, 9]).Select((digits, scale) => new Money(digits / (decimal)Math.Pow(10, scale)))
    );

    private static readonly double[] Quantiles = [0, 0.1, 0.5, 0.9, 0.95, 0.99, 1];

    [Fact]
    public void A_quantile_is_within_five_percent_of_the_exact_one_and_count_and_maximum_are_exact() =>
        Costs
            .List[1, 400]
            .Sample(costs =>
            {
                var sketch = Of(costs);
                var sorted = costs.Order().ToList();
                (sketch.Count, sketch.Max).ShouldBe((costs.Count, sorted[^1]));
                foreach (var q in Quantiles)
                {
                    var exact = sorted[(int)Math.Floor(q * (sorted.Count - 1))].Amount;
                    var told = sketch.Quantile(q).Amount;
                    // Half a picodollar: quantiles are rounded to what money can be.
                    Math.Abs(told - exact)
                        .ShouldBeLessThanOrEqualTo((exact * 0.05000001m) + 0.0000000000005m, $"q={q}: {told} for {exact}");
                    told.ShouldBeLessThanOrEqualTo(sketch.Max.Amount);
                }
            });

    [Fact]
    public void Merged_it_is_what_it_would_have_been_of_all_values_in_whatever_order() =>
        Gen.Select(Costs.List[0, 100], Costs.List[0, 100], Costs.List[0, 100])
            .Sample(
                (a, b, c) =>
                {
                    var all = Of([.. a, .. b, .. c]).ToString();
                    var left = Of(a);
                    left.Add(Of(b));
                    left.Add(Of(c));
                    left.ToString().ShouldBe(all);
                    var right = Of(c);
                    right.Add(Of(a));
                    right.Add(Of(b));
                    right.ToString().ShouldBe(all);
                }
            );

    [Fact]
    public void Its_text_is_the_whole_of_it() =>
        Costs
            .List[0, 200]
            .Sample(costs =>
            {
                var sketch = Of(costs);
                var text = sketch.ToString();
                var read = CostSketch.TryParse(text).ShouldNotBeNull();
                (read.ToString(), read.Count, read.Max, read.Quantile(0.5)).ShouldBe(
                    (text, sketch.Count, sketch.Max, sketch.Quantile(0.5))
                );
            });

    [Fact]
    public void Whatever_text_comes_nothing_is_thrown() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["max=0.:z -1"], 0, 40].Select(text => "max=1 " + text))
            .Sample(text =>
            {
                if (CostSketch.TryParse(text) is { } sketch)
                    sketch.Quantile(0.5).Amount.ShouldBeGreaterThanOrEqualTo(0);
            });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("17:3")]
    [InlineData("max=-1 17:3")]
    [InlineData("max=1 17:0")]
    [InlineData("max=1 17:-2")]
    [InlineData("max=1 17:3 17:4")]
    [InlineData("max=1 z:1 z:1")]
    [InlineData("max=1 4000:1")]
    [InlineData("max=1 17:99999999999999999999")]
    public void What_is_no_sketch_is_none(string? text) => CostSketch.TryParse(text).ShouldBeNull();

    [Fact]
    public void Beyond_256_buckets_the_smallest_values_share_one_and_the_upper_quantiles_hold()
    {
        var sketch = new CostSketch();
        for (var i = 0; i < 400; i++)
            sketch.Add(new Money((decimal)Math.Round(1e-9 * Math.Pow(1.12, i), 12)));
        sketch.ToString().Split(' ').Length.ShouldBe(1 + CostSketch.MostBuckets);
        sketch.Count.ShouldBe(400);
        sketch.Quantile(0.95).Amount.ShouldBe((decimal)(1e-9 * Math.Pow(1.12, 379)), (decimal)(1e-9 * Math.Pow(1.12, 379)) * 0.051m);
        CostSketch.TryParse(sketch.ToString()).ShouldNotBeNull();
    }

    private static CostSketch Of(IEnumerable<Money> costs)
    {
        var sketch = new CostSketch();
        foreach (var cost in costs)
            sketch.Add(cost);
        return sketch;
    }
}
