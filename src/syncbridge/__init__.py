"""Between a 1688 buyer account and AliExpress stores."""
